// Package edge is where exchanges begin and end: it turns an HTTP request
// into a clean [pipeline.Exchange], and it alone writes what is answered.
//
// On the way in it makes host and path canonical, refuses what two parsers
// could read in two ways, removes hop-by-hop fields and the fields that only
// the gateway may set, and finds the client's address under the declared
// trusted proxies. On the way out it writes head, body and trailers of the
// response, renders a [pipeline.Problem] in the form of the route's protocol,
// tunnels upgraded connections, and tells the recorders once.
//
// An [Edge] is an http.Handler around one pipeline.Handler:
//
//	e, err := edge.New(chain, edge.Options{Inbound: snapshot.Inbound, Via: "gateway"})
//	...
//	http.ListenAndServe(":8080", e)
//
// [Handler] is the short form for a single chain without a gateway.
//
// # What comes in
//
// The path of In is in its one canonical form, see [Canonical]; odd spellings
// that Options.Spellings lets through are told by Exchange.Spellings. The query
// travels as it came. Host is in lower case, without a trailing dot and
// without the default port. CONNECT and TRACE are refused, and so are targets
// beyond 8 KiB, more than 100 fields or 32 KiB of them, and more than 1000
// query parameters. "OPTIONS *" is answered with 204.
//
// Of HTTP/2, what net/http lets pass and what would be another request in
// HTTP/1.1 is refused: a second length or one that is not that of the body, a
// second host, paths in absolute form or with bytes that no path has.
//
// Removed before any stage: hop-by-hop fields and those that Connection names;
// the fields of [IdentityFields] and of Inbound.IdentityFields; fields that ask
// for another target or method (X-Original-URL, X-HTTP-Method-Override and
// their kin); Forwarded, X-Forwarded-* and X-Real-IP unless the peer is a
// trusted proxy. Connection does not reach Authorization, Cookie, Host, Via,
// Content-* and the fields above: it is read as if it had not named them.
//
// The client is the right-most hop that is no trusted proxy. Where both
// X-Forwarded-For and Forwarded are there, the former counts and the latter is
// removed: most proxies write the one and pass the other on as the client
// wrote it.
//
// Bodies are streams in both directions: nothing is held back, and a body
// beyond its bound is a 413 to whoever reads it. What the client does wrong in
// its body is its fault (400, 408, 413), however the backend takes it.
//
// # What goes out
//
// Hop-by-hop fields and those that tell how a backend is built (Server,
// X-Powered-By, X-AspNet*, X-Debug-*, X-Runtime) stay inside. The fields of
// Exchange.Reply replace those of the response; Vary, Set-Cookie, Link and
// Server-Timing are added to them.
//
// A body of known length is written as it comes and flushed when the
// connection pleases, or from [pipeline.Exchange.Stalled] on; any other body,
// and text/event-stream, is flushed at once and after each read. A body that
// breaks, or has another length than announced, aborts the connection (HTTP/1)
// or the stream (HTTP/2).
//
// An answer that comes before the request body was read does not wait for it.
// On HTTP/1, what is there within 20 ms is drained to keep the connection, up
// to 64 KiB; beyond that the connection ends after the answer.
//
// # Tunnels
//
// A 101 is passed on where the client asked for that one protocol, by a GET of
// HTTP/1.1. When the route retires, both sides of a WebSocket get a close frame
// (1001) between two frames, and two seconds to say goodbye; other protocols
// are cut.
//
// # Trailers
//
// Request trailers that the client announced are in In.Trailer once the body
// was read to its end, without those that only the gateway may set. Trailers
// that were not announced are dropped (RFC 9110 section 6.5.1).
package edge

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
// # What is refused, and what is left alone
//
// The path of In is in its one canonical form, see [Canonical]; the query
// travels as it came. Bodies are streams in both directions: nothing is held
// back, and a body beyond its bound is a 413 to whoever reads it.
//
// # Trailers
//
// Request trailers that the client announced are in In.Trailer once the body
// was read to its end, without those that only the gateway may set. Trailers
// that were not announced are dropped (RFC 9110 section 6.5.1).
package edge

// Package h1 is a client of HTTP/1.1 that serves an exchange in the goroutine
// that asks: no goroutine reads or writes a connection beside it, but the one
// that sends a request body which the client is still sending.
//
// A [Pool] holds the connections to one address. Its [Conn] writes a request
// ([Conn.Head], [Conn.Send], [Conn.Stream]) and reads the answer to it, head
// and body, into an [Answer]:
//
//	c, err := pool.Get(ctx, by, false)
//	c.Begin(ctx, by)
//	h := c.Head()
//	h.Begin("GET"); h.Target("", "/users/7", "", false); h.Host("users.internal")
//	h.Length(0); h.End()
//	err = c.Send(nil)
//	err = answer.ReadHead(c, "GET")
//	answer.Deliver(answer) // its body is read and closed as any other
//
// Every connection is of one request at a time. It serves another only if the
// answer was read to its exact end, the request was written to its end, nothing
// else came, and nobody has ended it meanwhile; and before it does, it is looked
// at without waiting: where the other side has closed it, or has said something
// that nobody asked for, it is dropped (RFC 9112 section 9).
//
// Time costs a request nothing: one [Sweeper] looks at the connections of an
// upstream every few milliseconds, and closes those whose time is over.
//
// What comes is held to the letter of RFC 9112, more strictly than net/http
// does: lines end in CR LF, a field has one line, and an answer has one framing
// or is refused. Nothing is guessed.
package h1

// Package listen is the server below the edge: it takes connections, and sees
// to it that what a handler gets as a request is one that every parser reads
// alike.
//
// net/http is liberal where RFC 9112 lets it be. It takes bare line feeds,
// drops a Content-Length that stands beside a Transfer-Encoding, joins equal
// lengths, and a handler cannot see that it did. So each connection of HTTP/1.1
// is guarded by a [Conn] below it, which reads the stream of bytes first,
// byte for byte: good ones pass unchanged; at the first that are not, the
// client gets a problem, the connection ends, and nothing after them is read.
//
//	s := listen.NewServer(edge, listen.Config{TLS: config})
//	ln, err := net.Listen("tcp", ":8443")
//	...
//	err = s.Serve(ln)
//
// # What is refused
//
// Content-Length together with Transfer-Encoding, more than one of either,
// lengths that are not one to eighteen digits, codings that are not chunked,
// and names that only look like these two; a Transfer-Encoding in HTTP/1.0.
// Line ends other than CRLF, continued fields, control characters, space
// before a colon, names that are not tokens. Request lines with other than two
// single spaces, targets of none of the four forms, versions other than 1.1
// and 1.0. A Host that is missing, twice there, or has anything but a name or
// address and a port. Chunk sizes that are not one to sixteen hexadecimal
// digits, chunks that do not end where they say, extensions of more than 256
// bytes, trailers that only a head may have.
//
// # What is bounded
//
// The request line, the head and its fields, trailers, the time of a head, of
// an idle connection, the least rate of a body and of an answer, and the time
// in which a client takes nothing of its answer; see [Limits]. On HTTP/2 these
// hold for each stream, and frames that ask for nothing have an allowance. A
// connection that was taken over, after a 101, has no limits here. A body that
// is a stream of messages is exempt from the rate by [Patient].
//
// # Who leaves
//
// The context of a request ends when its client leaves, as net/http has it.
// On Linux the kernel tells who leaves, of all connections of HTTP/1.1 at once
// (EPOLLRDHUP); elsewhere, and on a connection that is not of TCP, net/http
// reads from each connection while its request is answered. A client that has
// said its last, but for requests that it sent ahead, counts as gone.
//
// # TLS, proxies
//
// TLS is 1.2 with AEAD suites, or 1.3. HTTP/2 goes to net/http as it comes:
// its framing leaves nothing to guard, and only the heads of its frames are
// looked at. Where the configuration of TLS is chosen by the name that a client
// asks for, a request for another host is misdirected (421). [Certificates]
// reads a pair again when its files change. A declared proxy has to begin each connection with a header
// of the PROXY protocol, whose client then is the RemoteAddr of requests.
package listen

package edge

import (
	"io"
	"net/http"
	"time"
)

// Bounds of what is read of a body that nobody wanted, so that the connection
// can serve the next request.
const (
	drainFor = 20 * time.Millisecond
	drainMax = 64 << 10
)

// early prepares an answer that comes before the request body was read to its
// end. net/http would wait for the client: on HTTP/1, its WriteHeader blocks
// while anybody is inside Body.Read, and reads on itself before it sends the
// head. So what is already there is drained, for a moment, and where more is
// to come the answer goes at once and the connection ends after it: what
// remains of the body must never be read as a request.
//
// HTTP/2 knows to end one stream; nothing is to be done there.
func (c *call) early() {
	if c.client.ProtoMajor != 1 || c.body.done.Load() {
		return
	}
	if c.idle() && c.drained() {
		return
	}
	control := http.NewResponseController(c.w)
	_ = control.EnableFullDuplex() // a server without it does not block either
	c.w.Header().Set("Connection", "close")
	linger(c.w)
}

// idle reports whether nobody will read the rest of the body any more. The
// edge's own answers come after everybody has given up; behind any other
// answer, a body that was begun may still be on its way to the backend, and
// the answer may be made of it.
func (c *call) idle() bool {
	b := &c.body
	untouched := b.read.Load() == 0 && c.resp.ContentLength >= 0
	return b.inside.Load() == 0 && b.fault.Load() == nil && (c.own || untouched)
}

// drained reads the rest of a small body that is there already. A client that
// waits to be asked for it is not asked.
func (c *call) drained() bool {
	b := &c.body
	rest := c.in.ContentLength - b.read.Load()
	waits := b.read.Load() == 0 && c.client.Header["Expect"] != nil
	if rest > drainMax || waits {
		return false
	}
	control := http.NewResponseController(c.w)
	if control.SetReadDeadline(time.Now().Add(drainFor)) != nil {
		return false
	}
	n, err := io.Copy(io.Discard, io.LimitReader(b.src, drainMax+1))
	if err != nil || n > drainMax {
		return false
	}
	b.done.Store(true)
	_ = control.SetReadDeadline(time.Time{}) // it was possible a moment ago
	return true
}

// linger asks net/http to close its side first and to wait a little after the
// answer, or a client that still sends would lose it to a reset. MaxBytesReader
// is the way to ask.
func linger(w http.ResponseWriter) {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = u.Unwrap()
	}
	var one [1]byte
	_, _ = http.MaxBytesReader(w, io.NopCloser(zeros{}), 0).Read(one[:]) // fails by intent
}

// zeros is an endless body.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// release ends what still reads the body or sends interim responses: nobody is inside it when the exchange
// has ended. On HTTP/1 a read deadline in the past frees whoever is inside, and keeps the server from waiting
// for the rest; elsewhere to close the body does.
func (c *call) release() {
	c.seal()
	c.body.over.Store(true)
	if c.body.done.Load() || c.status == http.StatusSwitchingProtocols {
		return
	}
	if c.client.ProtoMajor != 1 || http.NewResponseController(c.w).SetReadDeadline(time.Unix(1, 0)) != nil {
		_ = c.body.src.Close() // nobody is left who could be told
	}
}

package listen

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A secured is a connection of HTTP/2 over TLS. It does not tell the state as
// a tls.Conn does: net/http reads the frames of such a one itself, where no
// Conn can be below it. The handler is told instead.
type secured struct {
	*Conn
	state tls.ConnectionState
}

// streamed holds each exchange of HTTP/2 to the pace that a Conn holds those of
// HTTP/1.1 to, and tells its handler of TLS.
func streamed(h http.Handler, l *Limits) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := connOf(r.Context())
		if r.ProtoMajor != 2 || conn == nil {
			h.ServeHTTP(w, r)
			return
		}
		guarded := guardOf(conn)
		if s, ok := conn.(*secured); ok {
			r.TLS = &s.state
		}
		if !guarded.frames.admit(r.Context()) {
			return
		}
		s := newStream(w, r, l)
		defer s.end()
		h.ServeHTTP(s, s.request(r))
		s.last()
	})
}

func guardOf(conn net.Conn) *Conn {
	switch c := conn.(type) {
	case *secured:
		return c.Conn
	case *tlsConn:
		return c.Conn
	case *Conn:
		return c
	}
	return nil
}

// A stream is one exchange of HTTP/2 as its handler sees it: a ResponseWriter
// whose client has to take the answer, and a body that has to come, at the
// least rate. It resets the stream of a client that does not.
type stream struct {
	http.ResponseWriter
	control http.ResponseController
	body    streamBody
	writes  clock
	piece   int // what is written at once
	pending int // bytes that were written since the last flush
}

// unsent is what net/http holds back of an answer, so that to write no more
// waits for nobody.
const unsent = 4 << 10

type streamBody struct {
	io.ReadCloser
	reads   clock
	patient atomic.Bool
}

func newStream(w http.ResponseWriter, r *http.Request, l *Limits) *stream {
	s := &stream{ResponseWriter: w, control: *http.NewResponseController(w), piece: pieceOf(l.answers())}
	s.body.ReadCloser = r.Body
	s.body.reads.set(l.bodies(), &s.control, (*http.ResponseController).SetReadDeadline)
	s.writes.set(l.answers(), &s.control, (*http.ResponseController).SetWriteDeadline)
	return s
}

// pieceOf is what a client has to take within the grace: no more than a frame.
func pieceOf(m measure) int {
	const most = 16 << 10
	if m.rate < 0 || m.none() {
		return most
	}
	return max(min(most, int(int64(m.rate)*int64(m.grace)/int64(time.Second))), 1)
}

// request is r with the body that is watched.
func (s *stream) request(r *http.Request) *http.Request {
	if r.ContentLength == 0 {
		r.Body = &s.body
		return r
	}
	r = r.WithContext(context.WithValue(r.Context(), connKey{}, &s.body))
	r.Body = &s.body
	return r
}

// Unwrap is for http.ResponseController.
func (s *stream) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Write writes in pieces, each of which the client has to take in time.
func (s *stream) Write(p []byte) (n int, err error) {
	for {
		m, err := s.write(p[n:min(len(p), n+s.piece)])
		n += m
		if n == len(p) || err != nil {
			return n, err
		}
	}
}

func (s *stream) write(p []byte) (n int, err error) {
	if s.pending += len(p); s.pending <= unsent {
		return s.ResponseWriter.Write(p)
	}
	s.writes.start()
	n, err = s.ResponseWriter.Write(p)
	s.writes.stop(n)
	return n, err
}

// FlushError is for http.ResponseController.
func (s *stream) FlushError() error {
	s.pending = 0
	s.writes.start()
	err := s.control.Flush()
	s.writes.stop(0)
	return err
}

// Flush implements http.Flusher.
func (s *stream) Flush() { _ = s.FlushError() }

// last is after the handler: what it left unsent is sent on, and waited for,
// beyond our reach.
func (s *stream) last() {
	if left, ok := s.writes.rest(); ok && s.pending > 0 {
		_ = s.control.SetWriteDeadline(time.Now().Add(left))
	}
}

// end is before the writer is gone.
func (s *stream) end() {
	s.writes.end()
	s.body.reads.end()
}

func (b *streamBody) Read(p []byte) (int, error) {
	if b.patient.Load() {
		return b.ReadCloser.Read(p)
	}
	b.reads.start()
	n, err := b.ReadCloser.Read(p)
	b.reads.stop(n)
	return n, err
}

// lenient may be called while somebody reads.
func (b *streamBody) lenient() {
	b.patient.Store(true)
	b.reads.end()
}

// A clock ends one direction of a stream once its client has kept somebody
// waiting for too long.
type clock struct {
	measure measure
	control *http.ResponseController
	expire  func(*http.ResponseController, time.Time) error

	mu    sync.Mutex
	pace  pace
	since time.Time // when the waiting began; zero where nobody waits
	timer *time.Timer
	over  bool
}

func (c *clock) set(m measure, control *http.ResponseController, expire func(*http.ResponseController, time.Time) error) {
	c.measure, c.control, c.expire = m, control, expire
	c.pace.begin(m)
}

func (c *clock) start() {
	if c.measure.none() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	c.since = time.Now()
	left := max(c.pace.left, 1)
	if c.timer == nil {
		c.timer = time.AfterFunc(left, c.fire)
		return
	}
	c.timer.Reset(left)
}

func (c *clock) stop(n int) {
	if c.measure.none() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		return
	}
	c.pace.took(time.Since(c.since), n, c.measure)
	c.since = time.Time{}
	c.timer.Stop()
}

// fire is on a goroutine of the timer's; it may come a moment too late, for a
// wait that is over.
func (c *clock) fire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over && !c.since.IsZero() && time.Since(c.since) >= c.pace.left {
		c.over = true
		_ = c.expire(c.control, time.Unix(1, 0)) // whoever waits is told
	}
}

// rest returns the time that there still is, where it is bounded and not over.
func (c *clock) rest() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(c.pace.left, time.Millisecond), !c.over && !c.measure.none()
}

// end stops the clock for good.
func (c *clock) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over, c.since = true, time.Time{}
	if c.timer != nil {
		c.timer.Stop()
	}
}

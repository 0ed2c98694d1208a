package listen

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// What a guard keeps at most.
const aheadBytes = 64 << 10 // sent ahead while a request is being answered

// A Conn is a connection below the server that parses it. On HTTP/1.1, bytes
// pass unchanged as long as they are requests that every parser reads alike.
// At the first that are not, the Conn answers with a problem, once no other
// answer is under way, and ends; nothing after them is read as a request. On
// HTTP/2 it counts frames, and ends where they come as a flood or too slowly.
//
// What a client sends while its request is being answered is held back until
// the answer is complete, or the connection is taken over, so the server has
// to tell by State.
type Conn struct {
	net.Conn
	limits   *Limits
	framer   framer
	deadline readDeadline
	refused  func(*Conn, *fault) // told of each refusal; may be nil

	departure departure
	reading   sync.Mutex // held by whoever reads; it guards what follows

	busy      bool // a request was passed on whose answer is not complete
	patient   atomic.Bool
	pace      pace
	by        time.Time   // when a head has to be there, or has to begin
	begun     bool        // it has begun
	condemned *fault      // what follows the bytes that are ready
	over      error       // why nothing more is read
	blamed    atomic.Bool // a body was at fault, and whoever read it answers
	frames    *frameWatch // of HTTP/2; nil on HTTP/1.1
	out       outbox      // of HTTP/2
	gathered  gathered    // of HTTP/1.1

	buffer
	ready int // how much of the buffer may go on
}

// Guard returns conn guarded. State has to be called for it from the server's
// ConnState.
func Guard(conn net.Conn, l Limits) *Conn {
	l = l.withDefaults()
	return guard(newStalling(conn, &l), &l)
}

func newStalling(conn net.Conn, l *Limits) net.Conn {
	if l.WriteStall < 0 {
		return conn
	}
	s := &stalling{Conn: conn, tcp: tcpBelow(conn), measure: l.answers()}
	s.alarm = alarm{mu: &s.mu, until: s.until, off: s.end}
	s.pace.begin(s.measure)
	return s
}

func guard(conn net.Conn, l *Limits) *Conn {
	c := &Conn{Conn: conn, limits: l, framer: framer{limits: l}}
	c.deadline.begin(conn)
	c.out.begin(conn)
	return c
}

// watch returns conn as one of HTTP/2 from its first byte on.
func watch(conn net.Conn, l *Limits) *Conn {
	c := guard(conn, l)
	c.framer.phase, c.frames = aside, newFrameWatch(l)
	return c
}

// State is told what became of the connection; it is for http.Server's
// ConnState.
func (c *Conn) State(s http.ConnState) {
	if s != http.StateIdle && s != http.StateHijacked || c.framer.phase == aside { // HTTP/2 has states of its own
		return
	}
	c.reading.Lock() // nobody reads by now, but for a look at who leaves
	defer c.reading.Unlock()
	switch s {
	case http.StateIdle:
		c.busy, c.by = false, time.Time{}
		c.patient.Store(false)
		if c.over != nil {
			c.over = io.EOF // the body was at fault, and its request is answered
		}
	case http.StateHijacked:
		c.framer.phase = aside
		c.unwatched()
		if s := underlying(c.Conn); s != nil {
			s.lift()
		}
	}
}

func underlying(c net.Conn) *stalling {
	for {
		switch t := c.(type) {
		case *tls.Conn:
			c = t.NetConn()
		case proxied:
			c = t.Conn
		case *stalling:
			return t
		default:
			return nil
		}
	}
}

// Read passes on what was found to be right. While a request is being answered,
// it may return nothing at once. It is called by one goroutine at a time.
func (c *Conn) Read(p []byte) (int, error) {
	for {
		n, err := c.read(p)
		if n > 0 || err != nil || len(p) == 0 || c.departure.present() {
			return n, err
		}
	}
}

func (c *Conn) read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	n, err := c.ahead(p)
	if c.frames != nil && n > 0 {
		if f := c.frames.saw(p[:n]); f != nil {
			return 0, c.calm(f)
		}
	}
	return n, err
}

func (c *Conn) pass(p []byte) (int, error) {
	for len(p) > 0 {
		switch {
		case c.ready > 0:
			return c.release(p), nil
		case c.over != nil:
			return 0, c.over
		case c.condemned != nil:
			c.refuse(c.condemned)
			continue
		case len(c.buf) > 0 && !c.holding() && c.judge():
			continue
		case c.holding() && c.departure.present():
			return 0, nil
		}
		if n, err := c.receive(p); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, nil
}

// holding tells whether what comes has to wait for the answer under way.
func (c *Conn) holding() bool { return c.busy && c.framer.phase == inHead }

// release passes on what is ready.
func (c *Conn) release(p []byte) int {
	n := copy(p, c.buf[:c.ready])
	c.ready -= n
	c.drop(n)
	return n
}

// judge looks at the buffer, and tells whether anything came of it.
func (c *Conn) judge() bool {
	take, skip := c.look(c.buf)
	c.drop(skip)
	c.ready = take
	return take > 0 || c.condemned != nil
}

// look has the framer look at data, for no longer than one message.
func (c *Conn) look(data []byte) (take, skip int) {
	before := c.framer.phase
	for skip+take < len(data) {
		t, s, f := c.framer.next(data[skip+take:])
		take, skip = take+t, skip+s
		c.condemned = f
		if f != nil || t+s == 0 || t > 0 && c.framer.phase == inHead {
			break
		}
	}
	if before == inHead && take > 0 && c.framer.phase != aside {
		c.busy = true
		c.pace.begin(c.limits.bodies())
	}
	if before == inHead && c.framer.phase == aside {
		c.frames = newFrameWatch(c.limits)
	}
	return take, skip
}

// Write writes; frames of HTTP/2 are looked at, and go out together.
func (c *Conn) Write(p []byte) (int, error) {
	switch {
	case c.frames != nil:
	case c.gathered.on:
		return c.writeGathered(p)
	default:
		return c.Conn.Write(p)
	}
	c.frames.writing.Lock()
	defer c.frames.writing.Unlock()
	c.frames.sends(p)
	return c.out.Write(p)
}

// calm ends a connection of HTTP/2, and says so where nothing else is being
// written.
func (c *Conn) calm(f *fault) error {
	c.over, c.frames.ahead.rest = io.EOF, nil
	if c.refused != nil {
		c.refused(c, f)
	}
	if c.frames.writing.TryLock() {
		defer c.frames.writing.Unlock()
		if c.frames.out.between() {
			_ = c.SetWriteDeadline(time.Now().Add(lingerTime))
			_, _ = c.out.Write(c.frames.goAway()) // it is closed either way
		}
	}
	return c.over
}

// CloseWrite ends what is sent.
func (c *Conn) CloseWrite() error { return closeWrite(c.Conn) }

// Close closes the connection.
func (c *Conn) Close() error {
	c.deadline.close()
	c.unwatched()
	if c.blamed.Swap(false) {
		c.linger()
	}
	if c.out.closes() {
		_ = c.SetWriteDeadline(time.Now().Add(lingerTime)) // it may be closed by now
		return nil
	}
	return c.Conn.Close()
}

// SetReadDeadline sets a deadline that holds beside those of the guard.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.deadline.set(t) }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *Conn) lenient() { c.patient.Store(true) }

package wire

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// A Scene is what a script plays on.
type Scene struct {
	target Target
	until  time.Time
	comes  chan *Peer
	over   chan struct{}

	mu    sync.Mutex
	peers []*Peer
}

func newScene(t Target) *Scene {
	return &Scene{target: t, until: time.Now().Add(t.patience()), comes: make(chan *Peer), over: make(chan struct{})}
}

// A failure ends a script.
type failure string

func fail(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }

// A Peer is one side of a connection: the client's, or the backend's.
type Peer struct {
	who     string
	conn    net.Conn
	in      source
	Request Message // at the backend: what came, the head at least
}

// Client connects to the target.
func (s *Scene) Client() *Peer {
	conn, err := s.target.dial("http/1.1")
	if err != nil {
		fail("connect: %v", err)
	}
	return s.add(&Peer{who: "the client", conn: conn})
}

// Backend waits for the next request at the backend, its head at least.
func (s *Scene) Backend() *Peer {
	t := time.NewTimer(time.Until(s.until))
	defer t.Stop()
	select {
	case p := <-s.comes:
		return s.add(p)
	case <-t.C:
		fail("no request came to the backend%s", s.told())
		return nil
	}
}

// told returns what clients were told meanwhile.
func (s *Scene) told() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	said := ""
	for _, p := range s.peers {
		_ = p.conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		if _ = p.in.fill(); p.in.buf != "" { // what is there is all that is asked for
			said += "; " + p.who + " got " + short(p.in.buf)
		}
	}
	return said
}

func (s *Scene) add(p *Peer) *Peer {
	p.in.conn = p.conn
	_ = p.conn.SetDeadline(s.until) // one that is gone fails when it is used
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peers = append(s.peers, p)
	return p
}

// run plays the script and returns what went wrong.
func (s *Scene) run(script func(*Scene)) (miss string) {
	defer func() {
		close(s.over)
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, p := range s.peers {
			if p.Request.Line == "" { // the backend's are looked after by it
				_ = p.conn.Close()
			}
		}
		switch p := recover().(type) {
		case nil:
		case failure:
			miss = string(p)
		default:
			panic(p)
		}
	}()
	script(s)
	return ""
}

// play hands a connection of the backend to the script, request by request.
func (b *Backend) play(conn *net.TCPConn, in *source, s *Scene) {
	var m Message
	for m.Head == nil {
		var err error
		if m, _, err = ReadRequest(in.buf); err != nil && m.Head == nil && in.fill() != nil {
			return
		}
	}
	_, _, rest, err := head(in.buf)
	if err != nil {
		b.note(func(r *record) { r.faults = append(r.faults, err.Error()) })
		return
	}
	in.buf = rest
	select {
	case s.comes <- &Peer{who: "the backend", conn: conn, in: *in, Request: m}:
		<-s.over
	case <-s.over:
	}
}

// Send writes.
func (p *Peer) Send(parts ...string) {
	for _, part := range parts {
		if _, err := io.WriteString(p.conn, part); err != nil {
			fail("%s could not write: %v", p.who, err)
		}
	}
}

// Expect reads as many bytes as want has, which must be these.
func (p *Peer) Expect(want string) {
	for len(p.in.buf) < len(want) {
		if err := p.in.fill(); err != nil {
			fail("%s waits for %s and got %s: %v", p.who, short(want), short(p.in.buf), err)
		}
	}
	if got := p.in.buf[:len(want)]; got != want {
		fail("%s waits for %s and got %s", p.who, short(want), short(got))
	}
	p.in.buf = p.in.buf[len(want):]
}

// Data reads as much of the body of an answer as want has, in chunks or not.
func (p *Peer) Data(answer Message, want string) {
	if _, chunked := answer.Head.Get("Transfer-Encoding"); !chunked {
		p.Expect(want)
		return
	}
	for {
		m, rest := Message{}, p.in.buf
		if err := m.chunks(&rest); err != nil && err != ErrShort {
			fail("%s got a body that is none: %v", p.who, err)
		}
		if len(m.Body) >= len(want) || !strings.HasPrefix(want, m.Body) {
			if m.Body != want {
				fail("%s waits for %s and got %s", p.who, short(want), short(m.Body))
			}
			p.in.buf = rest
			return
		}
		if err := p.in.fill(); err != nil {
			fail("%s waits for %s and got %s: %v", p.who, short(want), short(p.in.buf), err)
		}
	}
}

// Answer reads the head of an answer, which must have the status.
func (p *Peer) Answer(status int) Message {
	m := p.next(status)
	if m.Status() != status {
		fail("%s got %q, not %d", p.who, m.Line, status)
	}
	return m
}

// Final is Answer that passes over a 100 (Continue).
func (p *Peer) Final(status int) Message {
	m := p.next(status)
	if m.Status() == 100 {
		return p.Answer(status)
	}
	if m.Status() != status {
		fail("%s got %q, not %d", p.who, m.Line, status)
	}
	return m
}

func (p *Peer) next(status int) Message {
	for {
		line, fields, rest, err := head(p.in.buf)
		if err == nil {
			p.in.buf = rest
			return Message{Line: line, Head: fields}
		}
		if err != ErrShort {
			fail("%s got what is no answer: %v", p.who, err)
		}
		if err := p.in.fill(); err != nil {
			fail("%s waits for an answer of %d and got %s: %v", p.who, status, short(p.in.buf), err)
		}
	}
}

// Body reads the request at the backend to the end of its body.
func (p *Peer) Body() string {
	framing := Message{Head: p.Request.Head}
	for {
		rest := p.in.buf
		var err error
		if length, sized := framing.Head.Get("Content-Length"); sized {
			err = framing.sized(length, &rest)
		} else if _, coded := framing.Head.Get("Transfer-Encoding"); coded {
			err = framing.chunks(&rest)
		}
		switch {
		case err == nil:
			p.in.buf = rest
			p.Request.Body, p.Request.Trailers = framing.Body, framing.Trailers
			return framing.Body
		case err != ErrShort:
			fail("%s got a body that is none: %v", p.who, err)
		}
		if err := p.in.fill(); err != nil {
			fail("%s waits for the rest of a body: %v", p.who, err)
		}
	}
}

// End expects that the other side ends, with nothing more before.
func (p *Peer) End() {
	for {
		if p.in.buf != "" {
			fail("%s got %s, and waits for the end", p.who, short(p.in.buf))
		}
		if err := p.in.fill(); err != nil {
			if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
				fail("%s waits for the end in vain", p.who)
			}
			return
		}
	}
}

// CloseWrite ends this side.
func (p *Peer) CloseWrite() {
	half, ok := p.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		fail("%s could not end its side", p.who)
	}
}

// Close ends the connection. That of the backend still hears the other side.
func (p *Peer) Close() {
	if p.Request.Line != "" {
		p.CloseWrite()
		return
	}
	_ = p.conn.Close()
}

func short(s string) string {
	if len(s) > 120 {
		return fmt.Sprintf("%q and %d bytes more", s[:120], len(s)-120)
	}
	return fmt.Sprintf("%q", s)
}

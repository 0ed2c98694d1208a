package wire

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// maxEndless bounds what an Endless answer writes.
const maxEndless = 4 << 20

// A Backend is the backend of the suite: a server on loopback that does what
// the case at hand says, and remembers what came. It plays one case at a time.
type Backend struct {
	ln   net.Listener
	wait sync.WaitGroup

	mu     sync.Mutex
	plays  *Case
	scene  *Scene                // of a case with a script
	conns  map[*net.TCPConn]bool // that are open
	moved  *sync.Cond            // told when one was opened or closed
	record record
}

// A record is what came to the backend during a case.
type record struct {
	seen    []Message
	partial []Message // requests that never became whole
	faults  []string  // what a strict reader does not take
}

// NewBackend starts a backend; Close ends it.
func NewBackend() (*Backend, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &Backend{ln: ln, conns: map[*net.TCPConn]bool{}}
	b.moved = sync.NewCond(&b.mu)
	b.wait.Go(b.accept)
	return b, nil
}

// Addr is where the backend listens, host and port.
func (b *Backend) Addr() string { return b.ln.Addr().String() }

// Close ends the backend and its connections.
func (b *Backend) Close() error {
	err := b.ln.Close()
	b.end(0)
	b.wait.Wait()
	return err
}

func (b *Backend) accept() {
	for {
		conn, err := b.ln.Accept()
		if err != nil {
			return
		}
		tcp := conn.(*net.TCPConn)
		b.mu.Lock()
		b.conns[tcp] = true
		b.moved.Broadcast()
		b.mu.Unlock()
		b.wait.Go(func() { b.serve(tcp) })
	}
}

// begin makes c the case at hand.
func (b *Backend) begin(c *Case, s *Scene) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.plays, b.scene, b.record = c, s, record{}
}

// end lets the target know that the case is over, on each connection, and waits
// a moment until it has let go of them: what comes until then belongs to the
// case too. A target that does not look at connections that are idle will see
// that they have ended when it looks.
func (b *Backend) end(patience time.Duration) record {
	b.mu.Lock()
	defer b.mu.Unlock()
	for conn := range b.conns {
		_ = conn.CloseWrite() // one that is gone already needs no more
		_ = conn.SetDeadline(time.Now().Add(patience))
	}
	for len(b.conns) > 0 {
		b.moved.Wait()
	}
	return b.record
}

// stirred waits, for the time given, until something comes of the case.
func (b *Backend) stirred(patience time.Duration) {
	over := false
	defer time.AfterFunc(patience, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		over = true
		b.moved.Broadcast()
	}).Stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	for !over && len(b.conns) == 0 && len(b.record.partial) == 0 && len(b.record.faults) == 0 {
		b.moved.Wait()
	}
}

func (b *Backend) note(f func(r *record)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(&b.record)
}

// gone ends a connection: first this side of it, so that the target has let go
// of it before the next case may ask for one.
func (b *Backend) gone(conn *net.TCPConn) {
	_ = conn.CloseWrite() // one that is gone already needs no more
	_ = conn.SetReadDeadline(time.Now().Add(settle))
	_, _ = io.Copy(io.Discard, conn)
	_ = conn.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, conn)
	b.moved.Broadcast()
}

// serve reads one request after the other, and answers each.
func (b *Backend) serve(conn *net.TCPConn) {
	defer b.gone(conn)
	in := &source{conn: conn}
	for in.buf != "" || in.fill() == nil { // a connection may be older than the case
		b.mu.Lock()
		scene := b.scene
		b.mu.Unlock()
		if scene != nil {
			b.play(conn, in, scene)
			return
		}
		if !b.exchange(conn, in) {
			return
		}
	}
}

// exchange reads one request and answers it, and reports whether another may
// follow.
func (b *Backend) exchange(conn *net.TCPConn, in *source) bool {
	m, err := in.request()
	switch {
	case errors.Is(err, ErrShort):
		if m.Line != "" {
			b.note(func(r *record) { r.partial = append(r.partial, m) })
		}
		return false
	case err != nil:
		b.note(func(r *record) { r.faults = append(r.faults, err.Error()) })
		return false
	}
	b.note(func(r *record) { r.seen = append(r.seen, m) })
	a := b.answerTo(m)
	return write(conn, a) && !a.Close && len(a.Raw) > 0
}

func (b *Backend) answerTo(m Message) Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.plays == nil || m.Target() == "/end" {
		return Answer{}
	}
	return b.plays.Answer
}

// write writes an answer and reports whether it could.
func write(conn net.Conn, a Answer) bool {
	raw := a.Raw
	if len(raw) == 0 {
		raw = []string{closing}
	}
	for _, part := range raw {
		if _, err := io.WriteString(conn, part); err != nil {
			return false
		}
	}
	if a.Endless == "" {
		return true
	}
	block := strings.Repeat(a.Endless, 1+(32<<10)/len(a.Endless))
	for n := 0; n < maxEndless; n += len(block) {
		if _, err := io.WriteString(conn, block); err != nil {
			return false
		}
	}
	return true
}

// A source is a connection with what was read of it and not taken.
type source struct {
	conn net.Conn
	buf  string
}

// request reads until a request is whole.
func (s *source) request() (Message, error) {
	for {
		m, rest, err := ReadRequest(s.buf)
		if !errors.Is(err, ErrShort) {
			s.buf = rest
			return m, err
		}
		if s.fill() != nil {
			return m, ErrShort
		}
	}
}

func (s *source) fill() error {
	var room [64 << 10]byte
	n, err := s.conn.Read(room[:])
	s.buf += string(room[:n])
	if n > 0 {
		return nil
	}
	return err
}

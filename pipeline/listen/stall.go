package listen

import (
	"errors"
	"net"
	"sync"
	"time"
)

// A stalling is a connection on which a write fails once the peer has taken
// nothing for a while. It stands below TLS, where it sees what went out.
type stalling struct {
	net.Conn
	limit time.Duration

	mu     sync.Mutex
	server time.Time // the deadline that was set from outside
	lifted bool      // whoever has the connection looks after it himself
}

func (s *stalling) Write(p []byte) (n int, err error) {
	for {
		if err := s.arm(); err != nil {
			return n, err
		}
		m, err := s.Conn.Write(p[n:])
		n += m
		if m == 0 || !timedOut(err) || s.over() {
			return n, err
		}
	}
}

func (s *stalling) arm() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lifted {
		return nil
	}
	return s.Conn.SetWriteDeadline(earlier(s.server, time.Now().Add(s.limit)))
}

func (s *stalling) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lifted || passed(s.server, time.Now())
}

// lift ends the watch.
func (s *stalling) lift() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lifted = true
	_ = s.Conn.SetWriteDeadline(s.server) // a connection that is closed needs none
}

// SetWriteDeadline sets the deadline that holds beside the limit.
func (s *stalling) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server = t
	return s.Conn.SetWriteDeadline(t)
}

// SetDeadline sets both deadlines.
func (s *stalling) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

// CloseWrite ends what is sent, where the connection can.
func (s *stalling) CloseWrite() error { return closeWrite(s.Conn) }

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

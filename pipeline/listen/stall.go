package listen

import (
	"errors"
	"net"
	"sync"
	"time"
)

// A stalling is a connection on which a write fails once the peer takes what
// it is sent below the least rate. It stands below TLS, where it sees what went
// out.
type stalling struct {
	net.Conn
	measure measure

	mu     sync.Mutex
	pace   pace
	server time.Time // the deadline that was set from outside
	lifted bool      // whoever has the connection looks after it himself
}

func (s *stalling) Write(p []byte) (n int, err error) {
	for {
		start, err := s.arm()
		if err != nil {
			return n, err
		}
		m, err := s.Conn.Write(p[n:])
		n += m
		if s.over(start, m) || !timedOut(err) {
			return n, err
		}
	}
}

// looks is how often, within the grace, a write that waits is asked how far it
// has come: only its end tells, and bytes that went at once must not count as
// if they had gone just now.
const looks = 8

// arm sets the deadline of one look.
func (s *stalling) arm() (start time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lifted {
		return start, nil
	}
	start = time.Now()
	return start, s.Conn.SetWriteDeadline(earlier(s.server, start.Add(min(s.pace.left, s.measure.grace/looks+1))))
}

// over is after a write of n bytes, and tells whether there may be another.
func (s *stalling) over(start time.Time, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lifted {
		return true
	}
	now := time.Now()
	s.pace.took(now.Sub(start), n, s.measure)
	return s.pace.left <= 0 || passed(s.server, now)
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

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
	tcp     *net.TCPConn // that Conn is; nil for others
	measure measure
	writing sync.Mutex // held by a write: there is one look at a time

	mu     sync.Mutex
	pace   pace
	server time.Time // the deadline that was set from outside
	look   time.Time // when to look at the write that is under way; zero where none is
	alarm  alarm     // of the looks
	ended  bool      // a look has ended the write
	lifted bool      // whoever has the connection looks after it himself
}

func (s *stalling) Write(p []byte) (n int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
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

// writeAll is Write of several pieces, by one call where they find room. It
// takes what was written off them.
func (s *stalling) writeAll(pieces *net.Buffers) (n int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	for {
		start, err := s.arm()
		if err != nil {
			return n, err
		}
		m, err := pieces.WriteTo(s.tcp)
		n += int(m)
		if s.over(start, int(m)) || !timedOut(err) {
			return n, err
		}
	}
}

// looks is how often, within the grace, a write that waits is asked how far it
// has come: only its end tells, and bytes that went at once must not count as
// if they had gone just now.
const looks = 8

// arm has a look end the write that comes.
func (s *stalling) arm() (start time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lifted {
		return start, nil
	}
	if s.ended {
		s.ended = false
		err = s.Conn.SetWriteDeadline(s.server)
	}
	start = time.Now()
	s.look = start.Add(min(s.pace.left, s.measure.grace/looks+1))
	if !s.alarm.set(s.look) {
		s.end()
	}
	return start, err
}

func (s *stalling) until() time.Time { return s.look }

// end ends the write that is under way.
func (s *stalling) end() {
	s.ended = true
	_ = s.Conn.SetWriteDeadline(longAgo) // a connection that is closed needs none
}

// over is after a write of n bytes, and tells whether there may be another.
func (s *stalling) over(start time.Time, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lifted {
		return true
	}
	s.look = time.Time{}
	now := time.Now()
	s.pace.took(now.Sub(start), n, s.measure)
	return s.pace.left <= 0 || passed(s.server, now)
}

// lift ends the watch.
func (s *stalling) lift() {
	s.rest()
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.Conn.SetWriteDeadline(s.server) // a connection that is closed needs none
}

// Close closes the connection, which needs no watch any more.
func (s *stalling) Close() error {
	s.rest()
	return s.Conn.Close()
}

func (s *stalling) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lifted, s.look = true, time.Time{}
	s.alarm.stop()
}

// SetWriteDeadline sets the deadline that holds beside the limit.
func (s *stalling) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server, s.ended = t, false
	err := s.Conn.SetWriteDeadline(t)
	if !s.look.IsZero() && !s.alarm.set(s.look) { // it has ended the write already
		s.end()
	}
	return err
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

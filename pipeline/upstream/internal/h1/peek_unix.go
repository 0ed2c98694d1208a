//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package h1

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// A socket can be looked at, and read, without waiting.
type socket struct {
	net.Conn
	raw   syscall.RawConn
	look  func(fd uintptr) // what peek has the descriptor used for, made once
	take  func(fd uintptr)
	into  []byte // of take
	one   [1]byte
	n     int
	err   error
	hasty bool // Read does not wait
}

func newSocket(c net.Conn) *socket {
	s := &socket{Conn: c}
	if sc, ok := c.(syscall.Conn); ok {
		s.raw, _ = sc.SyscallConn() // nil: nothing can be said of it without waiting
	}
	s.look = func(fd uintptr) {
		s.n, _, s.err = syscall.Recvfrom(int(fd), s.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	}
	s.take = func(fd uintptr) {
		s.n, _, s.err = syscall.Recvfrom(int(fd), s.into, syscall.MSG_DONTWAIT)
	}
	return s
}

// peeks reports whether quiet leaves everything where it was.
func (s *socket) peeks() bool { return s.raw != nil }

// quiet reports whether the other side has neither closed the connection nor
// said anything. It does not wait.
func (s *socket) quiet() bool {
	if s.raw == nil {
		return quietByRead(s.Conn)
	}
	err := s.raw.Control(s.look)
	return err == nil && nothingThere(s.err)
}

func nothingThere(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR)
}

// Read waits, but for the time that hasty is set.
func (s *socket) Read(p []byte) (int, error) {
	if !s.hasty {
		return s.Conn.Read(p)
	}
	if s.raw == nil {
		return 0, errNothing{}
	}
	s.into = p
	err := s.raw.Control(s.take)
	s.into = nil
	switch {
	case err != nil:
		return 0, err
	case s.err != nil && nothingThere(s.err):
		return 0, errNothing{}
	case s.err != nil:
		return 0, s.err
	case s.n == 0:
		return 0, io.EOF
	}
	return s.n, nil
}

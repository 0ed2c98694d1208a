//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package h1

import "net"

// A socket can be looked at almost without waiting.
type socket struct {
	net.Conn
	hasty bool // Read does not wait
}

func newSocket(c net.Conn) *socket { return &socket{Conn: c} }

// peeks reports whether quiet leaves everything where it was.
func (s *socket) peeks() bool { return false }

// quiet reports whether the other side has neither closed the connection nor
// said anything.
func (s *socket) quiet() bool { return quietByRead(s.Conn) }

// Read waits, but for the time that hasty is set: then it has nothing.
func (s *socket) Read(p []byte) (int, error) {
	if s.hasty {
		return 0, errNothing{}
	}
	return s.Conn.Read(p)
}

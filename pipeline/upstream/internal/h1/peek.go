package h1

import (
	"errors"
	"net"
	"os"
	"time"
)

// errNothing is what a read that does not wait says where nothing is there.
// TLS takes it for a pause, and stays as it is.
type errNothing struct{}

func (errNothing) Error() string   { return "nothing to be read" }
func (errNothing) Timeout() bool   { return true }
func (errNothing) Temporary() bool { return true }

// glance is how long a look takes where the system has no way to look without
// waiting.
const glance = 100 * time.Microsecond

// quietByRead looks at a connection by reading from it for a moment: what
// comes is lost, and so is the connection.
func quietByRead(c net.Conn) bool {
	if c.SetReadDeadline(time.Now().Add(glance)) != nil {
		return false
	}
	var one [1]byte
	_, err := c.Read(one[:])
	return errors.Is(err, os.ErrDeadlineExceeded) && c.SetReadDeadline(time.Time{}) == nil
}

// quiet reports whether an idle connection is as it was left. Under TLS the
// other side may have sent what is no answer, new session tickets for instance:
// they are taken without waiting, and whatever else came is the end of it.
func (c *Conn) quiet() bool {
	if c.socket.quiet() {
		return true
	}
	if c.tls == nil || !c.socket.peeks() {
		return false
	}
	c.socket.hasty = true
	defer func() { c.socket.hasty = false }()
	var one [1]byte
	_, err := c.tls.Read(one[:])
	return err != nil && errors.As(err, &errNothing{})
}

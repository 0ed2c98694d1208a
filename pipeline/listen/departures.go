package listen

import (
	"context"
	"io"
	"net"
	"sync/atomic"
)

// A departure is how the guard of a connection of HTTP/1.1 learns that its
// client leaves while a request is being answered.
//
// net/http reads from the connection meanwhile, on a goroutine that is begun
// for each request and woken to end. Where the kernel tells who leaves, that
// read returns at once with nothing, and the connection is read when its client
// has left. What follows is the same: the context of the connection ends, and
// the request with it, unless another was sent ahead.
type departure struct {
	of     *departures // nil where the kernel does not tell
	id     uint64      // of the connection, in of
	cancel context.CancelFunc
	left   atomic.Bool // the client has said its last, or broken the connection
}

// present tells whether the client is there as far as the kernel has told, so
// that nobody has to read to learn of it.
func (d *departure) present() bool { return d.of != nil && !d.left.Load() }

// leaves is called once the client has said its last, or is gone. Whoever reads
// at this moment finds out, as Read looks once more before it returns nothing.
func (c *Conn) leaves() {
	c.departure.left.Store(true)
	if !c.reading.TryLock() {
		return
	}
	defer c.reading.Unlock()
	if c.holding() && c.gone() {
		c.departure.cancel()
	}
}

// gone reads what the client sent ahead, which does not wait as the client has
// left, and tells whether nobody is there to be answered.
func (c *Conn) gone() bool {
	for len(c.buf) < aheadBytes {
		n, err := c.fill(c.room())
		c.buf = c.buf[:len(c.buf)+n]
		switch {
		case timedOut(err): // the server has other plans with the connection
			return false
		case err == nil:
		case len(c.buf) == 0:
			c.free()
			return true
		default: // what was sent ahead is still to be answered, unless it cannot be
			return err != io.EOF
		}
	}
	return false
}

// attend has cancel called when the client leaves while a request is being
// answered. It is called before anything is read.
func (c *Conn) attend(cancel context.CancelFunc) { c.departure.cancel = cancel }

// watchedBy has d tell c when the client of conn leaves.
func (c *Conn) watchedBy(d *departures, conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok && d.enter(tcp, c) {
		c.departure.of = d
	}
}

// unwatched has nobody tell c any more.
func (c *Conn) unwatched() {
	if d := c.departure.of; d != nil {
		d.leave(c.departure.id)
	}
}

package h1

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"
)

// A Conn is one connection to the address of its pool. It belongs to who got
// it from the pool until the answer is read, or Drop is called; its Stream
// writes on it meanwhile.
type Conn struct {
	pool   *Pool
	socket *socket
	tls    *tls.Conn    // nil where the connection is not encrypted
	net    net.Conn     // what is read and written: tls or socket
	tcp    *net.TCPConn // what takes several buffers in one call; nil under TLS
	head   Head
	in     buffer
	watch  watch
	hold   hold

	expires time.Duration // by its age, on the clock of the sweeper; 0 never
	since   time.Duration // when it became idle
	reused  bool
	left    atomic.Bool // it is in the pool no more

	sent    atomic.Int64 // bytes of the present request
	replied bool         // some byte of an answer came
	vec     net.Buffers
	vecRoom [2][]byte
}

// Begin starts an exchange on the connection. Its head has to be in by due, a
// zero due sets no time. When ctx ends, the connection is closed.
func (c *Conn) Begin(ctx context.Context, due time.Time) {
	c.sent.Store(0)
	c.replied = false
	c.begin(ctx, c.pool.sweeper.at(due))
}

// Head returns the head of the request, to be filled in.
func (c *Conn) Head() *Head { return &c.head }

// Sent reports whether any of the request may have reached the backend.
func (c *Conn) Sent() bool { return c.sent.Load() > 0 }

// Stale reports whether the exchange failed as one does on a connection that
// the backend had closed, or was about to: it had served before, and nothing
// came.
func (c *Conn) Stale() bool { return c.reused && !c.replied && c.Why() == nil }

// small is up to which size a body is copied to go out with the head; a longer
// one goes beside it, without a copy.
const small = 4 << 10

// Send writes the head, and the body where it is at hand.
func (c *Conn) Send(body []byte) error {
	if len(body) > 0 && c.tcp != nil && len(body) > small {
		c.vecRoom = [2][]byte{c.head.buf, body}
		c.vec = c.vecRoom[:]
		c.beginWrite()
		n, err := c.vec.WriteTo(c.tcp)
		c.endWrite(n)
		c.vecRoom = [2][]byte{}
		return err
	}
	if len(body) <= small {
		c.head.buf = append(c.head.buf, body...)
		body = nil
	}
	if err := c.write(c.head.buf); err != nil || body == nil {
		return err
	}
	return c.write(body)
}

func (c *Conn) write(p []byte) error {
	if c.tls != nil {
		c.sent.Add(1) // what TLS has written when it fails, it does not say
	}
	c.beginWrite()
	n, err := c.net.Write(p)
	c.endWrite(int64(n))
	return err
}

// beginWrite says that a write is under way: something of it may be there at any
// moment, and the answer to it before the write has returned.
func (c *Conn) beginWrite() {
	c.sent.Add(1)
	c.watch.writes.Add(1)
}

func (c *Conn) endWrite(n int64) {
	c.watch.writes.Add(1)
	c.sent.Add(n - 1)
}

// Read reads what the backend says. It is for the buffer.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.net.Read(p)
	if n > 0 {
		c.replied = true
	}
	return n, err
}

// Unused gives back a connection of which nothing was asked.
func (c *Conn) Unused() {
	if c.end() {
		c.pool.put(c)
		return
	}
	c.pool.drop(c)
}

// Drop closes the connection. It may be called while somebody reads or writes.
func (c *Conn) Drop() {
	c.watch.mu.Lock()
	c.kick(ErrClosed)
	c.watch.mu.Unlock()
	c.end()
	c.pool.drop(c)
}

// finish ends an exchange whose answer was read to its exact end. The
// connection serves on if it is fit to, and nobody has ended it meanwhile.
func (c *Conn) finish(keep bool) {
	if !c.end() || !keep || c.in.len() > 0 {
		c.pool.drop(c)
		return
	}
	c.head.shed()
	c.in.shed()
	c.pool.put(c)
}

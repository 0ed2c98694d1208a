package listen

import (
	"context"
	"net"
)

// Gathering returns the connection of the request that ctx belongs to, where
// the pieces of a long write are worth gathering on it: HTTP/1.1 without TLS,
// on a connection of this package. It is nil elsewhere.
func Gathering(ctx context.Context) *Conn {
	c, _ := ctx.Value(connKey{}).(*Conn)
	if c == nil || c.frames != nil || plain(c.Conn) == nil {
		return nil
	}
	return c
}

// Gather has the first short write that follows wait for the next one, or for
// Send. It is for a write of an answer that does not fit into the buffer of the
// server: that fills up the buffer first, sends it, and then the rest, by two
// system calls of which the first wakes the client for 4 KiB. Only who writes
// the answer calls it, right before it does, and Send right after.
func (c *Conn) Gather() { c.gathered.on = true }

// Send sends what waits.
func (c *Conn) Send() error {
	g := &c.gathered
	g.on = false
	if g.store == nil {
		return nil
	}
	_, err := c.Conn.Write(g.store[:g.have])
	g.free()
	return err
}

// A gathered is what was written and not sent yet.
type gathered struct {
	on    bool
	store *[bufferBytes]byte // nil where nothing waits
	have  int
	both  net.Buffers
	pair  [2][]byte // what both is of
}

// writeGathered writes p, or has it wait.
func (c *Conn) writeGathered(p []byte) (int, error) {
	g := &c.gathered
	switch {
	case g.store != nil:
		return g.writeBoth(plain(c.Conn), p)
	case len(p) > bufferBytes:
		return c.Conn.Write(p)
	}
	g.store = buffers.Get().(*[bufferBytes]byte)
	g.have = copy(g.store[:], p)
	return g.have, nil
}

// writeBoth writes what waits, and p, and returns how much of p was written.
func (g *gathered) writeBoth(to *stalling, p []byte) (int, error) {
	g.pair = [2][]byte{g.store[:g.have], p}
	g.both = g.pair[:]
	n, err := to.writeAll(&g.both)
	n = max(n-g.have, 0)
	g.pair = [2][]byte{}
	g.free()
	return n, err
}

func (g *gathered) free() {
	buffers.Put(g.store)
	g.store, g.have = nil, 0
}

// plain returns what conn writes by, where it neither alters nor hides what is
// written.
func plain(conn net.Conn) *stalling {
	if p, ok := conn.(proxied); ok {
		conn = p.Conn
	}
	if s, ok := conn.(*stalling); ok && s.tcp != nil {
		return s
	}
	return nil
}

// tcpBelow returns the connection that takes several pieces by one call.
func tcpBelow(conn net.Conn) *net.TCPConn {
	if k, ok := conn.(*counted); ok {
		conn = k.Conn
	}
	tcp, _ := conn.(*net.TCPConn)
	return tcp
}

package h1

import (
	"errors"
	"net"
	"sync"
)

var errHalfClose = errors.New("the connection cannot be closed for writing alone")

// A Tunnel is a connection after a switch of protocols. Reading, writing and
// closing are for a goroutine each. It ends with the context of its exchange.
type Tunnel struct {
	conn *Conn
	once sync.Once
}

// Tunnel makes the connection of an answer 101 a tunnel. It fails where the
// request was not written to its end: the two would mix.
func (a *Answer) Tunnel() (*Tunnel, bool) {
	if !a.sender.complete() {
		return nil, false
	}
	a.state.Store(over)
	a.conn.settle()
	a.conn.pool.detach(a.conn)
	return &Tunnel{conn: a.conn}, true
}

// Read reads what the backend sends; what came with the answer first.
func (t *Tunnel) Read(p []byte) (int, error) {
	if in := &t.conn.in; in.len() > 0 {
		n := copy(p, in.bytes())
		in.take(n)
		return n, nil
	}
	return t.conn.net.Read(p)
}

// Write sends to the backend.
func (t *Tunnel) Write(p []byte) (int, error) { return t.conn.net.Write(p) }

// CloseWrite tells the backend that nothing more comes.
func (t *Tunnel) CloseWrite() error {
	half, ok := t.conn.net.(interface{ CloseWrite() error })
	if t.conn.tls == nil {
		half, ok = t.conn.socket.Conn.(interface{ CloseWrite() error })
	}
	if !ok {
		return errHalfClose
	}
	return half.CloseWrite()
}

// Close ends both directions.
func (t *Tunnel) Close() error {
	err := net.ErrClosed
	t.once.Do(func() {
		c := t.conn
		c.end()
		c.pool.sweeper.remove(c)
		err = c.socket.Close()
	})
	return err
}

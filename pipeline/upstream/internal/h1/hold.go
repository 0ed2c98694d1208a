package h1

import (
	"sync"
	"sync/atomic"
	"time"
)

// A hold keeps the head of a request back for the first piece of its body, so
// that both go out in one call. The sweeper does not wait for long: where the
// client is slow to send, the backend gets the head before.
type hold struct {
	mu    sync.Mutex    // held by who writes
	turn  atomic.Uint64 // of the exchange whose head is kept back; 0 where none is
	since time.Duration // it is, on the clock of the sweeper
}

// heldLong is from when on a connection is looked at again before the head goes
// out: what is said meanwhile is no answer, however late it is read.
const heldLong = time.Millisecond

// Hold keeps the head back, in place of Send, for a body that is to be streamed.
func (c *Conn) Hold() {
	c.hold.since = c.pool.sweeper.now()
	c.hold.turn.Store(c.watch.turn)
}

// letGo writes the head of the exchange, if it is still kept back.
func (c *Conn) letGo(turn uint64) {
	c.hold.mu.Lock()
	defer c.hold.mu.Unlock()
	if c.hold.turn.Load() != turn || c.spoken() {
		return
	}
	if c.hold.turn.CompareAndSwap(turn, 0) {
		_ = c.write(c.head.buf) // who waits for the answer sees what became of it
	}
}

// sendPiece writes a piece of the body, behind the head where that is kept back.
func (c *Conn) sendPiece(p []byte) error {
	c.hold.mu.Lock()
	defer c.hold.mu.Unlock()
	if c.hold.turn.Load() == 0 {
		return c.write(p)
	}
	if c.spoken() {
		return errOutOfTurn
	}
	c.hold.turn.Store(0)
	return c.Send(p)
}

// spoken reports whether the backend has said something, or closed the
// connection, while a head was kept back for long. The head stays so: whoever
// waits for the answer finds that it is out of turn. Under TLS it cannot be
// told what it is that came.
func (c *Conn) spoken() bool {
	return c.tls == nil && c.socket.peeks() && c.pool.sweeper.now()-c.hold.since >= heldLong && !c.socket.quiet()
}

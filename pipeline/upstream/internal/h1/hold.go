package h1

import (
	"sync"
	"sync/atomic"
)

// A hold keeps the head of a request back for the first piece of its body, so
// that both go out in one call. The sweeper does not wait for long: where the
// client is slow to send, the backend gets the head before.
type hold struct {
	mu   sync.Mutex    // held by who writes
	turn atomic.Uint64 // of the exchange whose head is kept back; 0 where none is
}

// Hold keeps the head back, in place of Send, for a body that is to be streamed.
func (c *Conn) Hold() { c.hold.turn.Store(c.watch.turn) }

// letGo writes the head of the exchange, if it is still kept back.
func (c *Conn) letGo(turn uint64) {
	c.hold.mu.Lock()
	defer c.hold.mu.Unlock()
	if c.hold.turn.CompareAndSwap(turn, 0) {
		_ = c.write(c.head.buf) // who waits for the answer sees what became of it
	}
}

// sendPiece writes a piece of the body, behind the head where that is kept back.
func (c *Conn) sendPiece(p []byte) error {
	c.hold.mu.Lock()
	defer c.hold.mu.Unlock()
	if c.hold.turn.Swap(0) != 0 {
		return c.Send(p)
	}
	return c.write(p)
}

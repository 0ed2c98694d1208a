package h1

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A watch is what is known of the exchange on a connection by those who may end
// it: the sweeper, the context, who closes the body. To end it is to close the
// socket, so that whoever reads or writes returns; a connection that was ended
// never serves again, whether or not that came too late.
type watch struct {
	writes atomic.Uint32 // odd while a write is under way

	mu    sync.Mutex
	ctx   context.Context // of the exchange; nil where there is none
	due   time.Duration   // by when the head has to be in, on the clock of the sweeper; 0 at no time
	turn  uint64          // counts exchanges
	cause error           // why the exchange was ended
	stop  func() bool     // unties it from ctx
	timer *time.Timer     // for a time that comes before the sweeper does

	settled bool // the head is in

	seen  uint32        // writes, at the last look
	still time.Duration // since when it has been so
}

func (c *Conn) begin(ctx context.Context, due time.Duration) {
	w := &c.watch
	w.mu.Lock()
	w.ctx, w.due, w.cause = ctx, due, nil
	w.turn++
	c.hold.turn.Store(0)
	if due != 0 {
		c.arm(due)
	}
	if c.pool.sweeper.first() {
		c.tie()
	}
	w.mu.Unlock()
	c.pool.sweeper.wake()
}

// arm sets a timer where the sweeper would look too late. The mutex is held.
func (c *Conn) arm(due time.Duration) {
	left := due - c.pool.sweeper.now()
	if left >= 2*tick {
		return
	}
	if c.watch.timer != nil {
		c.watch.timer.Stop()
	}
	turn := c.watch.turn
	c.watch.timer = time.AfterFunc(left, func() { c.late(turn) })
}

// late ends the exchange where it is still the same one, and its head is still
// not in.
func (c *Conn) late(turn uint64) {
	w := &c.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.turn == turn && w.due != 0 && c.pool.sweeper.now() >= w.due {
		c.kick(ErrLate)
	}
}

// cancelled ends the exchange where it is still the same one.
func (c *Conn) cancelled(turn uint64) {
	w := &c.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.turn == turn && w.ctx != nil {
		c.kick(w.ctx.Err())
	}
}

// kick ends the exchange, if there is one that nobody has ended. The mutex is
// held.
func (c *Conn) kick(cause error) {
	if c.watch.ctx == nil || c.watch.cause != nil {
		return
	}
	c.watch.cause = cause
	_ = c.socket.Close() // what it might say is of no use to anybody
}

// fail ends the exchange from another goroutine than its own.
func (c *Conn) fail(turn uint64, cause error) {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	if c.watch.turn == turn {
		c.kick(cause)
	}
}

// hasten sets a time by which the head has to be in, if it is to come still and
// nothing earlier is set.
func (c *Conn) hasten(turn uint64, due time.Duration) {
	w := &c.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.turn == turn && w.ctx != nil && !w.settled && (w.due == 0 || due < w.due) {
		w.due = due
		c.arm(due)
	}
}

// settle says that the head is in: nothing is late any more.
func (c *Conn) settle() {
	w := &c.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due, w.settled = 0, true
	w.disarm()
}

func (w *watch) disarm() {
	if w.timer != nil {
		w.timer.Stop() // where it is too late to, nothing is due any more
		w.timer = nil
	}
}

// end says that the exchange is over, and reports whether nobody has ended it
// before.
func (c *Conn) end() bool {
	w := &c.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	free := w.cause == nil
	if w.stop != nil {
		free = w.stop() && free // too late to stop: it will be ended
		w.stop = nil
	}
	w.disarm()
	w.ctx, w.due, w.settled = nil, 0, false
	return free
}

// Why returns what ended the exchange from outside, nil where nothing did. It
// explains the error of a read or a write.
func (c *Conn) Why() error {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	return c.watch.cause
}

// tie has the exchange end with its context. The mutex is held.
func (c *Conn) tie() {
	w := &c.watch
	if w.stop == nil && w.ctx.Done() != nil {
		turn := w.turn
		w.stop = context.AfterFunc(w.ctx, func() { c.cancelled(turn) })
	}
}

// look is the sweeper's: it ends what is late or stalled, and ties what it
// finds to its context, so that the backend of an exchange that takes a while
// learns at once when the client leaves. It tells whether there is an exchange,
// and what is due on it.
func (c *Conn) look(now time.Duration) (busy bool, due time.Duration) {
	w := &c.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ctx == nil || w.cause != nil {
		return false, 0
	}
	switch {
	case w.due != 0 && now >= w.due:
		c.kick(ErrLate)
	case c.stalled(now):
		c.kick(ErrStalled)
	default:
		c.tie()
	}
	if turn := c.hold.turn.Load(); turn == w.turn && w.cause == nil {
		go c.letGo(turn) // it may have to wait for who writes
	}
	return true, w.due
}

// stalled reports whether one write has been under way for too long.
func (c *Conn) stalled(now time.Duration) bool {
	w := &c.watch
	n := w.writes.Load()
	if n%2 == 0 || n != w.seen {
		w.seen, w.still = n, now
		return false
	}
	return now-w.still > c.pool.Stall
}

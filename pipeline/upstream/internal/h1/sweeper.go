package h1

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// tick is how often a sweeper looks while something is under way.
	tick = 20 * time.Millisecond
	// firsts is how many exchanges between two looks are tied to their contexts
	// as they begin. It costs five allocations, which a gateway that has little
	// to do can afford, and one that has much spares all others.
	firsts = 4
	// quietTicks is after how many looks that found nothing it ends.
	quietTicks = int(time.Second / tick)
)

// A Sweeper ends what is late on all connections of an upstream. Its goroutine
// begins with the first exchange, and ends when there has been none for a
// second, or at once after Close. It is for many goroutines.
type Sweeper struct {
	epoch   time.Time
	running atomic.Bool
	closed  atomic.Bool
	poke    chan struct{}
	begun   atomic.Int32 // exchanges since the last look, up to firsts or a few more

	mu    sync.Mutex
	conns map[*Conn]struct{}
}

// NewSweeper returns a sweeper that has nothing to do yet.
func NewSweeper() *Sweeper {
	return &Sweeper{epoch: time.Now(), poke: make(chan struct{}, 1), conns: map[*Conn]struct{}{}}
}

// Close has the goroutine end as soon as no exchange is under way.
func (s *Sweeper) Close() {
	s.closed.Store(true)
	s.wakeUp()
}

func (s *Sweeper) wakeUp() {
	select {
	case s.poke <- struct{}{}:
	default: // it is told already
	}
}

func (s *Sweeper) now() time.Duration { return time.Since(s.epoch) }

// at returns t on the clock of the sweeper, 0 for no time.
func (s *Sweeper) at(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return max(t.Sub(s.epoch), 1)
}

func (s *Sweeper) add(c *Conn) {
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
}

func (s *Sweeper) remove(c *Conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

// wake has the goroutine run.
func (s *Sweeper) wake() {
	if !s.running.Load() && s.running.CompareAndSwap(false, true) {
		go s.run()
	}
}

// first reports whether an exchange that begins is one of the first since the
// last look.
func (s *Sweeper) first() bool { return s.begun.Load() < firsts && s.begun.Add(1) <= firsts }

func (s *Sweeper) run() {
	timer := time.NewTimer(tick)
	defer timer.Stop()
	for idle := 0; ; {
		select {
		case <-timer.C:
		case <-s.poke:
		}
		next, busy := s.sweep()
		if idle++; busy {
			idle = 0
		}
		if (idle > quietTicks || idle > 0 && s.closed.Load()) && s.rest() {
			return
		}
		timer.Reset(next)
	}
}

// rest ends the goroutine, unless an exchange has begun that counted on it.
func (s *Sweeper) rest() bool {
	s.running.Store(false)
	_, busy := s.sweep()
	return !busy || !s.running.CompareAndSwap(false, true)
}

// sweep looks at all connections, and returns when to look again: at the next
// tick, or when something is due before.
func (s *Sweeper) sweep() (next time.Duration, busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun.Store(0)
	now := s.now()
	next = tick
	for c := range s.conns {
		working, due := c.look(now)
		busy = busy || working
		if due != 0 {
			next = min(next, max(due-now, time.Millisecond))
		}
	}
	return next, busy
}

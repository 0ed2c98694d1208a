package h1

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"time"
)

// Settings are those of a pool. All are set, but where it is said otherwise.
type Settings struct {
	Address   string      // host and port
	TLS       *tls.Config // with the name that is verified; nil where nothing is encrypted
	Max       int         // bound of the connections
	MaxIdle   int         // bound of those kept idle
	Idle      time.Duration
	MaxAge    time.Duration // 0 means any
	Dial      time.Duration
	Handshake time.Duration
	Patience  time.Duration // with a pool of which every connection is taken
	Stall     time.Duration // bound of one write
	KeepAlive time.Duration // between probes of TCP
}

// A Pool holds the connections to one address. It is for many goroutines.
type Pool struct {
	Settings
	sweeper *Sweeper
	dialer  net.Dialer

	mu      sync.Mutex
	idle    []*Conn // the one used last at the end
	open    int     // connections there are, those being made included
	waiting []*waiter
	retired bool
	reaper  *time.Timer
}

// A waiter waits for a connection, or for leave to make one: then it gets nil.
type waiter struct {
	came  chan *Conn // room for one
	given bool
}

// NewPool returns a pool without connections, under the watch of s.
func NewPool(c Settings, s *Sweeper) *Pool {
	return &Pool{Settings: c, sweeper: s, dialer: net.Dialer{Timeout: c.Dial, KeepAlive: c.KeepAlive}}
}

// Get returns a connection: the one that was used last of those that are idle
// and well, a new one, or, where there are as many as may be, the next that
// becomes free. by bounds all of it, where it is not zero. fresh asks for a new
// one, for who had one that turned out to be closed; only where there are as
// many as may be, and all are taken, it gets another.
func (p *Pool) Get(ctx context.Context, by time.Time, fresh bool) (*Conn, error) {
	if fresh {
		p.makeRoom()
	}
	for {
		c, w := p.take(fresh)
		if c == nil && w != nil {
			var err error
			if c, err = p.wait(ctx, w, by); err != nil {
				return nil, err
			}
		}
		if c == nil {
			return p.dial(ctx, by)
		}
		if c.fit(p.sweeper.now()) {
			c.reused = true
			return c, nil
		}
		p.drop(c)
	}
}

// makeRoom closes an idle connection where there is no room for a new one.
func (p *Pool) makeRoom() {
	var oldest *Conn
	p.mu.Lock()
	if p.open >= p.Max && len(p.idle) > 0 {
		oldest = p.idle[0]
		p.idle = slices.Delete(p.idle, 0, 1)
	}
	p.mu.Unlock()
	if oldest != nil {
		p.drop(oldest)
	}
}

// take takes an idle connection, leave to make one (nothing at all), or a place
// in the queue.
func (p *Pool) take(fresh bool) (*Conn, *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fresh = fresh && p.open < p.Max
	if last := len(p.idle) - 1; last >= 0 && !fresh {
		c := p.idle[last]
		p.idle[last] = nil
		p.idle = p.idle[:last]
		return c, nil
	}
	if p.open < p.Max {
		p.open++
		return nil, nil
	}
	w := &waiter{came: make(chan *Conn, 1)}
	p.waiting = append(p.waiting, w)
	return nil, w
}

// wait waits for its turn.
func (p *Pool) wait(ctx context.Context, w *waiter, by time.Time) (*Conn, error) {
	patience := p.Patience
	if !by.IsZero() {
		patience = min(patience, time.Until(by))
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var err error
	select {
	case c := <-w.came:
		return c, nil
	case <-timer.C:
		err = ErrNoPlace
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.leave(w)
	return nil, err
}

// leave leaves the queue. What came meanwhile is passed on.
func (p *Pool) leave(w *waiter) {
	p.mu.Lock()
	given := w.given
	if i := slices.Index(p.waiting, w); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
	p.mu.Unlock()
	if !given {
		return
	}
	if c := <-w.came; c != nil {
		p.put(c)
	} else {
		p.free()
	}
}

// next returns who has waited longest, nil where nobody waits. The mutex is
// held.
func (p *Pool) next() *waiter {
	if len(p.waiting) == 0 {
		return nil
	}
	w := p.waiting[0]
	p.waiting[0] = nil
	p.waiting = p.waiting[1:]
	w.given = true
	return w
}

// fit reports whether an idle connection may serve.
func (c *Conn) fit(now time.Duration) bool {
	return now-c.since < c.pool.Idle && (c.expires == 0 || now < c.expires) && c.quiet()
}

// put takes a connection back that may serve on: for who waits, or as idle.
func (p *Pool) put(c *Conn) {
	c.since = p.sweeper.now()
	p.mu.Lock()
	if w := p.next(); w != nil {
		p.mu.Unlock()
		w.came <- c
		return
	}
	keep := !p.retired && len(p.idle) < p.MaxIdle && (c.expires == 0 || c.since < c.expires)
	if keep {
		p.idle = append(p.idle, c)
		if p.reaper == nil {
			p.reaper = time.AfterFunc(p.Idle, p.reap)
		}
	}
	p.mu.Unlock()
	if !keep {
		p.drop(c)
	}
}

// drop closes a connection, once, and gives its place to who waits.
func (p *Pool) drop(c *Conn) {
	if c.left.Swap(true) {
		return
	}
	p.sweeper.remove(c)
	_ = c.socket.Close() // closed already, as often as not
	p.free()
}

// farewell closes an idle connection; under TLS, the other side is told.
func (p *Pool) farewell(c *Conn) {
	if c.tls != nil {
		_ = c.tls.CloseWrite() // it may be gone already
	}
	p.drop(c)
}

// detach lets a connection go that serves another protocol now.
func (p *Pool) detach(c *Conn) {
	if !c.left.Swap(true) {
		p.free()
	}
}

// free gives the place of a connection that is no more to who waits.
func (p *Pool) free() {
	p.mu.Lock()
	w := p.next()
	if w == nil {
		p.open--
	}
	p.mu.Unlock()
	if w != nil {
		w.came <- nil
	}
}

// reap closes what was idle for too long.
func (p *Pool) reap() {
	now := p.sweeper.now()
	p.mu.Lock()
	n := 0
	for n < len(p.idle) && now-p.idle[n].since >= p.Idle {
		n++
	}
	old := slices.Clone(p.idle[:n])
	p.idle = slices.Delete(p.idle, 0, n)
	p.reaper = nil
	if len(p.idle) > 0 {
		p.reaper = time.AfterFunc(p.idle[0].since+p.Idle-now, p.reap)
	}
	p.mu.Unlock()
	for _, c := range old {
		p.farewell(c)
	}
}

// Retire keeps no connection idle any more, and closes those that are.
func (p *Pool) Retire() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.retired = nil, true
	if p.reaper != nil {
		p.reaper.Stop()
		p.reaper = nil
	}
	p.mu.Unlock()
	for _, c := range idle {
		p.farewell(c)
	}
}

package gateway

import (
	"sync"
	"sync/atomic"
	"time"
)

// retiring follows units that no table has any more until their last exchange
// is out.
type retiring struct {
	wait sync.WaitGroup
	open atomic.Int64
	held time.Time // until when routes stay open; see hold. Guarded by Gateway.apply
}

// hold returns how long routes that are retired now stay open to those who are
// in an edge chain that was replaced: each finds the routes of the
// configuration that it began with. Who takes longer is refused, lest the edge
// chain of one configuration lead to a route of another.
func (r *retiring) hold(g *Gateway, before, now *table) time.Duration {
	if before.edge != now.edge {
		r.held = time.Now().Add(g.drainDelay)
	}
	return time.Until(r.held)
}

// retire lets nothing new into the units once hold is over, has their streams
// and tunnels end after the drain delay, cuts what is left after the drain's
// deadline, lets go of each unit when it is empty, and calls then after the
// last. So the number of generations that are alive is bounded.
func (r *retiring) retire(g *Gateway, units []*unit, hold time.Duration, then func()) {
	r.open.Add(int64(len(units)))
	if hold <= 0 {
		retireAll(units)
	}
	r.wait.Go(func() {
		tell := time.NewTimer(g.drainDelay)
		defer tell.Stop()
		if hold > 0 {
			waitFor(hold, g.stopping)
			retireAll(units)
		}
		cut := time.NewTimer(g.deadline)
		defer cut.Stop()
		var ends sync.WaitGroup // what one unit started holds up no other
		for _, u := range units {
			u.follow(tell.C, cut.C, units)
			ends.Go(func() { u.scope.Close(); r.open.Add(-1) })
		}
		ends.Wait()
		then()
	})
}

// follow waits until the unit is empty. When the delay is over meanwhile, all
// of units are told; when the deadline is, what is left is cut.
func (u *unit) follow(delay, deadline <-chan time.Time, units []*unit) {
	for {
		select {
		case <-u.gone:
			return
		case <-delay:
			for _, other := range units {
				other.tell()
			}
		case <-deadline:
			cutAll(units)
		}
	}
}

// cutAll has the bodies that are still on their way cut.
func cutAll(units []*unit) {
	for _, u := range units {
		u.cut.Store(true)
	}
}

// waitFor returns after d, or when end is closed.
func waitFor(d time.Duration, end <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-end:
	}
}

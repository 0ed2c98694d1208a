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
}

// retire lets nothing new into the units, has their streams and tunnels end
// after the drain delay, lets go of each when it is empty, and calls then after
// the last.
func (r *retiring) retire(g *Gateway, units []*unit, then func()) {
	for _, u := range units {
		u.retire()
	}
	r.open.Add(int64(len(units)))
	r.wait.Go(func() {
		tell := time.NewTimer(g.drainDelay)
		defer tell.Stop()
		var ends sync.WaitGroup // what one unit started holds up no other
		for _, u := range units {
			u.follow(tell.C, units)
			ends.Go(func() { u.scope.Close(); r.open.Add(-1) })
		}
		ends.Wait()
		then()
	})
}

// follow waits until the unit is empty. When the delay is over meanwhile, all
// of units are told.
func (u *unit) follow(delay <-chan time.Time, units []*unit) {
	select {
	case <-u.gone:
		return
	case <-delay:
		for _, other := range units {
			other.tell()
		}
	case <-u.closing: // told before
	}
	<-u.gone
}

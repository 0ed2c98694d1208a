package upstream

import (
	"context"
	"slices"
	"sync"
	"time"
)

// monitor is the goroutine of an upstream with health settings: it has the
// endpoints probed that are in the set, and readmits those whose ejection is
// over. It returns when ctx has ended or the upstream is closed, with all that
// it started.
func (u *Upstream) monitor(ctx context.Context) {
	ctx, end := context.WithCancel(ctx)
	w := watches{ctx: ctx, active: u.active, told: u.probed, stop: map[*Endpoint]context.CancelFunc{}}
	defer w.wait.Wait()
	defer end()
	for !u.isClosed() {
		w.follow(u.set.Load().all)
		timer := time.NewTimer(u.readmit(time.Now()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-u.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// poke has the monitor look anew.
func (u *Upstream) poke() {
	select {
	case u.wake <- struct{}{}:
	default: // it will look anyway
	}
}

func (u *Upstream) isClosed() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.closed
}

// watches are the goroutines that probe, one for each endpoint.
type watches struct {
	ctx    context.Context
	active *active // nil where nothing is probed
	told   func(e *Endpoint, err error)
	all    []*Endpoint
	stop   map[*Endpoint]context.CancelFunc
	wait   sync.WaitGroup
}

// follow begins to probe what is new in the set, and lets go of what left it.
func (w *watches) follow(all []*Endpoint) {
	if w.active == nil || sameSlice(all, w.all) {
		return
	}
	w.all = all
	for e, stop := range w.stop {
		if !slices.Contains(all, e) {
			stop()
			delete(w.stop, e)
		}
	}
	for _, e := range all {
		if w.stop[e] == nil {
			ctx, stop := context.WithCancel(w.ctx)
			w.stop[e] = stop
			w.wait.Go(func() { w.active.watch(ctx, e, w.told) })
		}
	}
}

// sleep waits for d, and reports false where ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return ctx.Err() == nil
	}
}

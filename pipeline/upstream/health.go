package upstream

import (
	"slices"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// Defaults of registry.Health.
const (
	defaultInterval       = 5 * time.Second
	defaultProbeTimeout   = 2 * time.Second
	defaultUnhealthyAfter = 3
	defaultHealthyAfter   = 2
	defaultFailures       = 5
	defaultEjectFor       = 30 * time.Second
	defaultMaxEjected     = 0.5
	maxEjectTimes         = 10 // of eject_for, where max_eject_for is not set
)

// A set is the endpoints of an upstream at one moment. It is never altered.
// Where nothing has changed, the same endpoints are the same slice.
type set struct {
	all   []*Endpoint
	ready []*Endpoint // what a balancer picks from
}

// A health is what is known of the state of one endpoint. It is guarded by the
// mutex of its upstream.
type health struct {
	down   bool      // by probes
	probed time.Time // the last probe; zero where there was none
	passed bool      // the last probe
	streak int       // probes in a row that ended like the last one
	reason string    // why the last probe failed

	ejectedUntil time.Time // zero where the endpoint is not ejected
	ejections    int       // in a row
}

func (h *health) ejected() bool { return !h.ejectedUntil.IsZero() }

// publish puts the set in force that follows from all and from what is known
// of their health. mu is held.
func (u *Upstream) publish(all []*Endpoint) {
	ready := readyOf(all)
	before := u.set.Load()
	if sameSlice(all, before.all) && slices.Equal(ready, before.ready) {
		return
	}
	u.set.Store(&set{all: all, ready: ready})
}

// readyOf returns those of all that may get attempts: the healthy ones that
// are not ejected, or all healthy ones where each is ejected.
func readyOf(all []*Endpoint) []*Endpoint {
	healthy := without(all, func(e *Endpoint) bool { return e.health.down })
	if ready := without(healthy, func(e *Endpoint) bool { return e.health.ejected() }); len(ready) > 0 {
		return ready
	}
	return healthy
}

// without returns the same slice where nothing is dropped.
func without(all []*Endpoint, drop func(e *Endpoint) bool) []*Endpoint {
	if !slices.ContainsFunc(all, drop) {
		return all
	}
	var left []*Endpoint
	for _, e := range all {
		if !drop(e) {
			left = append(left, e)
		}
	}
	return left
}

func sameSlice(a, b []*Endpoint) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// adopt takes over what was known of the endpoints of before, by their URL: a
// change of settings makes no endpoint forget its state. What the same probe
// found holds on. Where the probe is another one, an endpoint that served
// serves on until the new probe has spoken.
func (u *Upstream) adopt(before *Upstream) {
	if before == nil {
		return
	}
	same := sameProbe(before.config.Health.Active, u.config.Health.Active)
	before.mu.Lock()
	defer before.mu.Unlock()
	was := map[string]*Endpoint{}
	for _, e := range before.set.Load().all {
		was[e.address] = e
	}
	for _, e := range u.set.Load().all {
		if old := was[e.address]; old != nil {
			u.take(e, old, same)
		}
	}
}

func (u *Upstream) take(e, old *Endpoint, sameProbe bool) {
	switch {
	case u.active == nil:
	case sameProbe:
		h := old.health
		h.ejectedUntil, h.ejections = time.Time{}, 0
		e.health = h
	case !old.health.down:
		e.health.down = false
	}
	if u.passive != nil {
		e.failures.Store(old.failures.Load())
		e.health.ejectedUntil, e.health.ejections = old.health.ejectedUntil, old.health.ejections
	}
}

func sameProbe(a, b *registry.ActiveHealth) bool {
	if a == nil || b == nil || (a.TCP == nil) != (b.TCP == nil) || (a.HTTP == nil) != (b.HTTP == nil) {
		return false
	}
	return a.HTTP == nil || a.HTTP.Path == b.HTTP.Path && a.HTTP.Host == b.HTTP.Host && slices.Equal(a.HTTP.Expect, b.HTTP.Expect)
}

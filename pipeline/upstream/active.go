package upstream

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// maxProbes bounds the probes of one upstream that are under way at a time.
const maxProbes = 16

// An active is the active health of one upstream in force.
type active struct {
	config         registry.ActiveHealth
	interval       time.Duration
	timeout        time.Duration
	unhealthyAfter int
	healthyAfter   int
	places         chan struct{}
}

func newActive(c *registry.ActiveHealth) *active {
	if c == nil {
		return nil
	}
	interval := c.Interval.Or(defaultInterval)
	return &active{
		config: *c, interval: interval, timeout: c.Timeout.Or(min(defaultProbeTimeout, interval)),
		unhealthyAfter: or(c.UnhealthyAfter, defaultUnhealthyAfter),
		healthyAfter:   or(c.HealthyAfter, defaultHealthyAfter),
		places:         make(chan struct{}, maxProbes),
	}
}

// initial returns the health of an endpoint that was never probed.
func (a *active) initial() health {
	return health{down: a != nil && a.config.Initial == "unhealthy"}
}

// watch probes e until ctx ends, and tells of each probe. Endpoints begin
// within a tenth of the interval, not all at once.
func (a *active) watch(ctx context.Context, e *Endpoint, told func(e *Endpoint, err error)) {
	for wait := a.part(0); sleep(ctx, wait); wait = a.part(0.9) {
		select {
		case <-ctx.Done():
			return
		case a.places <- struct{}{}:
		}
		err := a.probe(ctx, e)
		<-a.places
		if ctx.Err() != nil {
			return
		}
		told(e, err)
	}
}

// part returns a time by chance: from the given part of the interval to a
// fifth more, or a tenth where it begins at 0.
func (a *active) part(from float64) time.Duration {
	width := 0.2
	if from == 0 {
		width = 0.1
	}
	return time.Duration((from + width*rand.Float64()) * float64(a.interval))
}

// expects reports whether the status is that of a healthy endpoint.
func (a *active) expects(status int) bool {
	if expect := a.config.HTTP.Expect; len(expect) > 0 {
		return slices.Contains(expect, status)
	}
	return status >= 200 && status < 300
}

// probed notes how a probe of e ended. One that was never probed is healthy
// after its first success.
func (u *Upstream) probed(e *Endpoint, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if e.removed.Load() {
		return
	}
	h, passed := &e.health, err == nil
	first := h.probed.IsZero()
	if first || passed != h.passed {
		h.streak = 0
	}
	h.streak++
	h.probed, h.passed, h.reason = time.Now(), passed, ""
	if err != nil {
		h.reason = err.Error()
	}
	switch {
	case h.down && passed && (first || h.streak >= u.active.healthyAfter):
		u.log.Info("endpoint is healthy", "upstream", u.config.Name, "endpoint", e.address)
	case !h.down && !passed && h.streak >= u.active.unhealthyAfter:
		u.log.Warn("endpoint is unhealthy", "upstream", u.config.Name, "endpoint", e.address, "error", err)
	default:
		return
	}
	h.down = !h.down
	u.publish(u.set.Load().all)
}

// probeTransport returns the transport that probes of e go by. Each has a
// connection of its own, for what it asks is whether one can be had.
func (u *Upstream) probeTransport() (*http.Transport, http.RoundTripper) {
	base := newTransport(u.config, u.tls)
	base.DisableKeepAlives = true
	if u.transport != nil {
		return base, u.transport(u.config, base)
	}
	return base, base
}

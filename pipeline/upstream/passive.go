package upstream

import (
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A passive is the passive health of one upstream in force.
type passive struct {
	failures int64 // in a row that eject
	ejectFor time.Duration
	bound    time.Duration // of the doubling
	share    float64
}

func newPassive(c *registry.PassiveHealth) *passive {
	if c == nil {
		return nil
	}
	p := &passive{
		failures: int64(or(c.ConsecutiveFailures, defaultFailures)),
		ejectFor: c.EjectFor.Or(defaultEjectFor), share: c.MaxEjected,
	}
	if p.share == 0 {
		p.share = defaultMaxEjected
	}
	p.bound = c.MaxEjectFor.Or(p.times(maxEjectTimes))
	return p
}

// times returns n times eject_for, or the longest time there is.
func (p *passive) times(n time.Duration) time.Duration {
	if p.ejectFor > math.MaxInt64/n {
		return math.MaxInt64
	}
	return n * p.ejectFor
}

// limit returns how many of n endpoints may be ejected at a time: never all.
func (p *passive) limit(n int) int {
	return max(0, min(int(p.share*float64(n)), n-1))
}

// span returns how long the nth ejection in a row lasts, counted from 0.
func (p *passive) span(n int) time.Duration {
	d := p.ejectFor
	for ; n > 0 && d < p.bound; n-- {
		if d > p.bound/2 {
			return p.bound
		}
		d *= 2
	}
	return d
}

// An outcome is what an attempt says of its endpoint.
type outcome int

const (
	neutral outcome = iota // of the client's doing, or of ours
	success
	failure
)

func outcomeOf(resp *http.Response, err error) outcome {
	if err == nil {
		switch resp.StatusCode {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return failure
		}
		return success
	}
	var failed *pipeline.UpstreamError
	if !errors.As(err, &failed) {
		return neutral
	}
	switch failed.Kind {
	case pipeline.UpstreamConnect, pipeline.UpstreamReset, pipeline.UpstreamTimeout, pipeline.UpstreamMalformed:
		return failure
	}
	return neutral
}

// observe learns from an attempt at e. A success costs one load where there
// was no failure before.
func (u *Upstream) observe(e *Endpoint, resp *http.Response, err error) {
	if u.passive == nil {
		return
	}
	switch outcomeOf(resp, err) {
	case success:
		if e.failures.Load() != 0 {
			u.cleared(e)
		}
	case failure:
		if e.failures.Add(1) >= u.passive.failures {
			u.eject(e)
		}
	case neutral:
	}
}

// cleared forgets the failures of e. What comes while e is ejected was sent
// before, or for want of others, and does not end the ejection.
func (u *Upstream) cleared(e *Endpoint) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !e.health.ejected() {
		e.failures.Store(0)
		e.health.ejections = 0
	}
}

// eject leaves e out for a while, unless too many are left out already.
func (u *Upstream) eject(e *Endpoint) {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := u.set.Load().all
	if e.health.ejected() || e.removed.Load() || ejectedOf(all) >= u.passive.limit(len(all)) {
		return
	}
	span := u.passive.span(e.health.ejections)
	e.health.ejections++
	e.health.ejectedUntil = time.Now().Add(span)
	u.log.Warn("endpoint is ejected", "upstream", u.config.Name, "endpoint", e.address,
		"failures", e.failures.Load(), "for", span)
	u.publish(all)
	u.poke()
}

func ejectedOf(all []*Endpoint) (n int) {
	for _, e := range all {
		if e.health.ejected() {
			n++
		}
	}
	return n
}

// never is when the monitor looks where nothing is to be readmitted.
const never = time.Hour

// readmit ends the ejections that are over, and returns how long it is until
// the next one is. The failures stay counted: the first one more ejects again.
func (u *Upstream) readmit(now time.Time) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	all, next := u.set.Load().all, never
	for _, e := range all {
		switch left := e.health.ejectedUntil.Sub(now); {
		case !e.health.ejected():
		case left <= 0:
			u.release(e)
		default:
			next = min(next, left)
		}
	}
	u.publish(all)
	return next
}

func (u *Upstream) release(e *Endpoint) {
	e.health.ejectedUntil = time.Time{}
	u.log.Info("endpoint is readmitted", "upstream", u.config.Name, "endpoint", e.address)
}

// trim readmits what is ejected beyond the bound: the set has become smaller.
func (u *Upstream) trim(all []*Endpoint) {
	if u.passive == nil {
		return
	}
	for n := ejectedOf(all) - u.passive.limit(len(all)); n > 0; n-- {
		var soonest *Endpoint
		for _, e := range all {
			if e.health.ejected() && (soonest == nil || e.health.ejectedUntil.Before(soonest.health.ejectedUntil)) {
				soonest = e
			}
		}
		u.release(soonest)
	}
}

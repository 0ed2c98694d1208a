package metrics

import (
	"cmp"
	"sync/atomic"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// unitsOf is what units are counted by: what was called, the plan of the
// subscription, and which policy counted what.
type unitsOf struct{ route, api, plan, policy, unit string }

// countUnits counts what the answer came to, where a policy says so.
func (c *counts) countUnits(x *pipeline.Exchange) {
	u := x.Usage()
	if u == nil {
		return
	}
	plan := None
	if x.Subscription != nil && x.Subscription.Plan != nil {
		plan = cmp.Or(x.Subscription.Plan.Name, None)
	}
	for ; u != nil; u = u.Next() {
		c.units(unitsOf{c.route, c.api, plan, u.Policy, u.Unit}).Add(uint64(max(u.N, 0)))
	}
}

// units returns a counter. Routes without series of their own have none for
// their units either.
func (c *counts) units(of unitsOf) *atomic.Uint64 {
	if c == c.metrics.other {
		return c.metrics.units.others
	}
	return c.metrics.units.of(of)
}

// mayUnits keeps out labels that do not hold, and routes that are forgotten.
func (m *Metrics) mayUnits(of unitsOf) bool {
	if of.plan == Other || !utf8.ValidString(of.plan) || !utf8.ValidString(of.policy) || !utf8.ValidString(of.unit) {
		return false
	}
	if of.route == None {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.routes[of.route]
	return c != nil && c.api == of.api
}

// leaveUnits drops the series of a route.
func (m *Metrics) leaveUnits(route string) {
	m.units.drop(func(of unitsOf) bool { return of.route == route })
}

func newUnits() *atomic.Uint64 { return new(atomic.Uint64) }

func (m *Metrics) collectUnits(ch chan<- prometheus.Metric) {
	tell := func(of unitsOf, n *atomic.Uint64) {
		ch <- counter(m.descs.units, n.Load(), of.route, of.api, of.plan, of.policy, of.unit)
	}
	m.units.each(tell, func(n *atomic.Uint64) {
		if n.Load() > 0 {
			tell(unitsOf{Other, Other, Other, Other, Other}, n)
		}
	})
}

package metrics

import (
	"cmp"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A planOf is the plan of subscriptions to one API, which is named with its
// version.
type planOf struct{ api, plan string }

// countCaller counts by plan what is called, and by consumer what goes wrong.
func (l *lazy) countCaller(x *pipeline.Exchange, s *pipeline.Summary) {
	m := l.metrics
	if sub := x.Subscription; sub != nil {
		plan := None
		if sub.Plan != nil {
			plan = cmp.Or(sub.Plan.Name, None)
		}
		l.plan(plan).add(s.Status)
	}
	if s.Status >= 400 && s.Status < 600 && x.Identity != nil && x.Identity.Consumer != "" {
		m.consumers.of(x.Identity.Consumer).add(s.Status)
	}
}

// A planCounts is what is counted by one plan.
type planCounts struct {
	plan   string
	counts *classes
}

// plan returns the counters of a plan. The one that the route met first is at
// hand: most routes have few.
func (l *lazy) plan(plan string) *classes {
	first := l.first.Load()
	if first != nil && first.plan == plan {
		return first.counts
	}
	c := l.metrics.plans.of(planOf{l.api, plan})
	if first == nil && c != &l.metrics.plans.others {
		l.first.Store(&planCounts{plan, c})
	}
	return c
}

// mayPlan keeps out labels that do not hold, and APIs that are forgotten: an
// exchange that ends late brings nothing back.
func (m *Metrics) mayPlan(p planOf) bool {
	if !utf8.ValidString(p.plan) || p.plan == Other {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.apis[p.api] > 0
}

func mayConsumer(consumer string) bool { return utf8.ValidString(consumer) && consumer != Other }

// enter notes that one more route of the API has series. The caller holds mu.
func (m *Metrics) enter(api string) { m.apis[api]++ }

// leave takes that back, and drops the series of an API that no route is of
// any more. The caller holds mu.
func (m *Metrics) leave(api string) {
	if m.apis[api]--; m.apis[api] > 0 {
		return
	}
	delete(m.apis, api)
	m.plans.drop(func(p planOf) bool { return p.api == api })
}

func (m *Metrics) collectCallers(ch chan<- prometheus.Metric) {
	plans, consumers := m.descs.plans, m.descs.consumers
	m.plans.each(
		func(p planOf, class string, n uint64) { ch <- counter(plans, n, p.api, p.plan, class) },
		func(class string, n uint64) { ch <- counter(plans, n, Other, Other, class) })
	m.consumers.each(
		func(consumer, class string, n uint64) { ch <- counter(consumers, n, consumer, class) },
		func(class string, n uint64) { ch <- counter(consumers, n, Other, class) })
}

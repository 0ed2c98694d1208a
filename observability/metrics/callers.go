package metrics

import (
	"cmp"
	"net/http"
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
		l.plan(plan).record(s)
	}
	if s.Status >= 400 && s.Status < 600 && x.Identity != nil && x.Identity.Consumer != "" {
		m.consumers.of(x.Identity.Consumer).add(s.Status)
	}
}

// A planCounts is what is counted by one plan.
type planCounts struct {
	classes  classes
	duration histogram
}

func (c *planCounts) record(s *pipeline.Summary) {
	c.classes.add(s.Status)
	if s.Status != http.StatusSwitchingProtocols { // the duration of a tunnel is its use
		c.duration.observe(s.Took)
	}
}

func (m *Metrics) newPlan() *planCounts { return &planCounts{duration: newHistogram(m.durationBounds)} }

// A metPlan is the plan that a route met first.
type metPlan struct {
	plan   string
	counts *planCounts
}

// plan returns the counters of a plan. The one that the route met first is at
// hand: most routes have few. A route without series of its own has no plans of
// its own either.
func (l *lazy) plan(plan string) *planCounts {
	first := l.first.Load()
	if first != nil && first.plan == plan {
		return first.counts
	}
	if l.counts.Load() == l.metrics.other {
		return l.metrics.plans.others
	}
	c := l.metrics.plans.of(planOf{l.api, plan})
	if first == nil && c != l.metrics.plans.others {
		l.first.Store(&metPlan{plan, c})
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

func newClasses() *classes { return new(classes) }

func (m *Metrics) collectCallers(ch chan<- prometheus.Metric) {
	m.plans.each(
		func(p planOf, c *planCounts) { m.collectPlan(ch, c, p.api, p.plan) },
		func(c *planCounts) { m.collectPlan(ch, c, Other, Other) })
	m.consumers.each(
		func(consumer string, c *classes) { c.collect(ch, m.descs.consumers, consumer) },
		func(c *classes) { c.collect(ch, m.descs.consumers, Other) })
}

func (m *Metrics) collectPlan(ch chan<- prometheus.Metric, c *planCounts, api, plan string) {
	c.classes.collect(ch, m.descs.plans, api, plan)
	collectHistogram(ch, m.descs.planDuration, &c.duration, m.durations, api, plan)
}

// collect tells what was counted by class, the last of the labels.
func (c *classes) collect(ch chan<- prometheus.Metric, desc *prometheus.Desc, labels ...string) {
	for i := range c {
		if n := c[i].Load(); n > 0 {
			ch <- counter(desc, n, append(labels, classNames[i])...)
		}
	}
}

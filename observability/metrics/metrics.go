package metrics

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Label values of what has no name of its own.
const (
	None  = "(none)"  // route of the exchanges that no route took
	Other = "(other)" // what came beyond a ceiling, or after Forget
)

// Metrics is a pipeline.Recorder, and the collector of what it counted.
type Metrics struct {
	settings
	tables
	descs   descs
	watched watched // guarded by mu

	denials   atomic.Int64 // series of denials, over all routes
	plans     *table[planOf, planCounts]
	consumers *table[string, classes]
	units     *table[unitsOf, atomic.Uint64]

	mu     sync.Mutex
	known  map[string]bool // names that For was asked for and not told to forget
	apis   map[string]int  // how many routes with series an API has
	routes map[string]*counts
	none   *counts
	other  *counts
	queues []queue

	freshness func() pipeline.Freshness
}

type settings struct {
	registry   *prometheus.Registry
	maxRoutes  int
	maxDenials int
	maxPlans   int
	maxCallers int
	maxUnits   int
	durations  []float64
	overheads  []float64
}

// New makes metrics in a registry of their own, beside those of the Go runtime
// and the process.
func New(opts ...Option) *Metrics {
	m := &Metrics{
		settings: settings{
			maxRoutes: 20_000, maxDenials: 10_000, maxPlans: 1_000, maxCallers: 1_000, maxUnits: 10_000,
			durations: []float64{
				.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30,
			},
			overheads: []float64{
				.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .05, .25, 1,
			},
		},
		known: map[string]bool{}, apis: map[string]int{}, routes: map[string]*counts{},
	}
	for _, o := range opts {
		o(&m.settings)
	}
	m.tables = newTables(m.durations, m.overheads)
	m.descs = newDescs()
	m.plans = newTable(m.maxPlans, m.mayPlan, m.newPlan)
	m.consumers = newTable(m.maxCallers, mayConsumer, newClasses)
	m.units = newTable(m.maxUnits, m.mayUnits, newUnits)
	m.none, m.other = m.newCounts(None, ""), m.newCounts(Other, "")
	if m.registry == nil {
		m.registry = prometheus.NewRegistry()
		m.registry.MustRegister(
			collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	m.registry.MustRegister(m)
	return m
}

// An Option changes Metrics.
type Option func(*settings)

// In has the metrics registered in r, in place of a registry of their own. New
// panics where r holds others of the same names.
func In(r *prometheus.Registry) Option { return func(s *settings) { s.registry = r } }

// MaxRoutes bounds the routes that have series of their own; those beyond
// share the route "(other)". 0 or less keeps the default of 20,000.
func MaxRoutes(n int) Option {
	return func(s *settings) {
		if n > 0 {
			s.maxRoutes = n
		}
	}
}

// MaxDenials bounds the series of denials over all routes; what comes beyond
// counts for stage and code "(other)" of its route. 0 or less keeps the
// default of 10,000.
func MaxDenials(n int) Option {
	return func(s *settings) {
		if n > 0 {
			s.maxDenials = n
		}
	}
}

// MaxPlans bounds the pairs of API and plan that requests are counted by; those
// beyond share "(other)". 0 or less keeps the default of 1,000.
func MaxPlans(n int) Option {
	return func(s *settings) {
		if n > 0 {
			s.maxPlans = n
		}
	}
}

// MaxConsumers bounds the consumers that failures are counted by: the first so
// many of whose calls one fails; those beyond share "(other)". 0 or less keeps
// the default of 1,000.
func MaxConsumers(n int) Option {
	return func(s *settings) {
		if n > 0 {
			s.maxCallers = n
		}
	}
}

// MaxUnits bounds the series of units, each of a route, a plan and a policy that
// counts; those beyond share "(other)". 0 or less keeps the default of 10,000.
func MaxUnits(n int) Option {
	return func(s *settings) {
		if n > 0 {
			s.maxUnits = n
		}
	}
}

// Buckets sets the upper bounds of the duration histograms, in seconds. The
// default is 1ms to 30s in fourteen steps.
func Buckets(seconds ...float64) Option {
	return func(s *settings) { s.durations = ascending(seconds) }
}

// OverheadBuckets sets the upper bounds of the overhead histogram, in seconds. The
// default is 50µs to 1s in eleven steps.
func OverheadBuckets(seconds ...float64) Option {
	return func(s *settings) { s.overheads = ascending(seconds) }
}

// Registry returns where the metrics are registered, for metrics of others.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Handler serves the metrics in the format that the scraper asks for,
// OpenMetrics included. Four scrapes may run at once.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true, MaxRequestsInFlight: 4})
}

// For implements pipeline.Recorder.
func (m *Metrics) For(route *registry.Route) func(x *pipeline.Exchange, s *pipeline.Summary) {
	if route == nil {
		return func(x *pipeline.Exchange, s *pipeline.Summary) { m.none.record(x, s) }
	}
	l := &lazy{metrics: m, route: clean(route.Name), api: clean(route.API)}
	m.mu.Lock()
	m.known[l.route] = true
	m.mu.Unlock()
	return l.record
}

// Forget implements observability.Forgetter: the series of the route are
// there no more. Exchanges of the route that end later are not counted, or
// count for "(other)".
func (m *Metrics) Forget(route string) {
	route = clean(route)
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, route)
	if c := m.routes[route]; c != nil {
		c.denials.close(m)
		delete(m.routes, route)
		m.leave(c.api)
		m.leaveUnits(route)
	}
}

// open returns the counts of a route at its first exchange.
func (m *Metrics) open(route, api string) *counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.routes[route]
	switch {
	case c != nil && c.api == api:
		return c
	case !m.known[route], route == None, route == Other:
		return m.other
	case c != nil: // it belongs to another API now
		c.denials.close(m)
	case len(m.routes) >= m.maxRoutes:
		return m.other
	}
	m.enter(api)
	if c != nil {
		m.leave(c.api)
		m.leaveUnits(route)
	}
	c = m.newCounts(route, api)
	m.routes[route] = c
	return c
}

// lazy is the recorder of one compiled route.
type lazy struct {
	metrics    *Metrics
	route, api string
	counts     atomic.Pointer[counts]
	first      atomic.Pointer[metPlan]
}

func (l *lazy) record(x *pipeline.Exchange, s *pipeline.Summary) {
	c := l.counts.Load()
	if c == nil {
		c = l.metrics.open(l.route, l.api)
		l.counts.Store(c)
	}
	c.record(x, s)
	l.countCaller(x, s)
}

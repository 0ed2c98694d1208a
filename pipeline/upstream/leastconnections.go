package upstream

import (
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// NewLeastConnections returns the balancer that picks the endpoint with the
// fewest attempts in flight for its weight. Among those that are equal,
// endpoints get their turn as with NewRoundRobin.
func NewLeastConnections() Balancer { return &leastConnections{} }

// LeastConnectionsConfig holds the settings of the kind "least_connections":
// there are none.
type LeastConnectionsConfig struct{}

// LeastConnectionsKind returns the kind least_connections.
func LeastConnectionsKind() pipeline.Kind[Balancer] {
	return pipeline.NewKind("least_connections", func(*pipeline.Env, LeastConnectionsConfig) (Balancer, error) {
		return NewLeastConnections(), nil
	})
}

type leastConnections struct {
	turns roundRobin
	start atomic.Uint64
}

// Pick implements Balancer. What the exchange has tried comes last: an endpoint
// that fails at once has the fewest in flight.
func (l *leastConnections) Pick(x *pipeline.Exchange, endpoints []*Endpoint) *Endpoint {
	best := l.turns.Pick(x, endpoints)
	start := int(l.start.Add(1) % uint64(len(endpoints))) // of who is equal to another than best
	if x != nil && len(x.Attempts()) > 0 {
		return fresher(x, fresher(x, best, endpoints[start:]), endpoints[:start])
	}
	return lightest(lightest(best, endpoints[start:]), endpoints[:start])
}

// lightest returns the lightest of the endpoints, best where none is lighter.
func lightest(best *Endpoint, endpoints []*Endpoint) *Endpoint {
	inFlight, weight := best.InFlight(), int64(best.Weight())
	for _, e := range endpoints {
		if n, w := e.InFlight(), int64(e.Weight()); n*weight < inFlight*w {
			best, inFlight, weight = e, n, w
		}
	}
	return best
}

// fresher is lightest among those that the exchange has not tried, where there
// are any.
func fresher(x *pipeline.Exchange, best *Endpoint, endpoints []*Endpoint) *Endpoint {
	for _, e := range endpoints {
		switch again := tried(x, e); {
		case again != tried(x, best):
			if !again {
				best = e
			}
		case lighter(e, best):
			best = e
		}
	}
	return best
}

// lighter reports whether a has fewer attempts in flight for its weight than b.
func lighter(a, b *Endpoint) bool {
	return a.InFlight()*int64(b.Weight()) < b.InFlight()*int64(a.Weight())
}

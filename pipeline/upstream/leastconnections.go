package upstream

import (
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// NewLeastConnections returns the balancer that picks the endpoint with the
// fewest attempts in flight for its weight. Among those that are equal,
// endpoints get their turn as with NewRoundRobin.
func NewLeastConnections() Balancer { return &leastConnections{} }

// LeastConnectionsConfig holds the settings of least_connections: there are
// none.
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
	for _, part := range [2][]*Endpoint{endpoints[start:], endpoints[:start]} {
		for _, e := range part {
			if better(x, e, best) {
				best = e
			}
		}
	}
	return best
}

func better(x *pipeline.Exchange, e, best *Endpoint) bool {
	if again := tried(x, e); again != tried(x, best) {
		return !again
	}
	return lighter(e, best)
}

// lighter reports whether a has fewer attempts in flight for its weight than b.
func lighter(a, b *Endpoint) bool {
	return a.InFlight()*int64(b.Weight()) < b.InFlight()*int64(a.Weight())
}

package gatewaytest

import (
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
)

// A Balancer picks by its function. Its zero value picks the first endpoint.
type Balancer struct {
	Choose func(x *pipeline.Exchange, endpoints []*upstream.Endpoint) *upstream.Endpoint

	calls atomic.Int64
}

// Pick implements upstream.Balancer.
func (b *Balancer) Pick(x *pipeline.Exchange, endpoints []*upstream.Endpoint) *upstream.Endpoint {
	b.calls.Add(1)
	if b.Choose == nil {
		return endpoints[0]
	}
	return b.Choose(x, endpoints)
}

// Calls returns how often it was asked.
func (b *Balancer) Calls() int { return int(b.calls.Load()) }

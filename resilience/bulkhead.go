package resilience

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A Bulkhead bounds how many exchanges are under way at once, so that a slow
// backend takes no more than its share of the gateway down with it. Its methods
// may be called from many goroutines at once.
type Bulkhead struct {
	name       string
	places     chan struct{} // holds one for each exchange under way
	maxWaiting int64
	maxWait    time.Duration

	waiting atomic.Int64
	refused atomic.Uint64
}

// NewBulkhead makes an empty bulkhead. The name tells it apart in logs.
func NewBulkhead(name string, c BulkheadConfig) (*Bulkhead, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Bulkhead{
		name: name, places: make(chan struct{}, c.MaxConcurrent),
		maxWaiting: int64(c.MaxWaiting), maxWait: c.MaxWait.Or(defaultMaxWait),
	}, nil
}

// Name returns what the bulkhead belongs to: "api users/v2".
func (b *Bulkhead) Name() string { return b.name }

// InFlight returns how many exchanges are under way.
func (b *Bulkhead) InFlight() int { return len(b.places) }

// Waiting returns how many exchanges wait for a place.
func (b *Bulkhead) Waiting() int { return int(b.waiting.Load()) }

// Refused returns how many exchanges were refused so far.
func (b *Bulkhead) Refused() uint64 { return b.refused.Load() }

// enter takes a place, and reports whether there was one in time. Who waits is
// served in turn: a place that becomes free goes to the first of them.
func (b *Bulkhead) enter(ctx context.Context, deadline time.Time) bool {
	select {
	case b.places <- struct{}{}:
		return true
	default:
		return b.wait(ctx, deadline)
	}
}

func (b *Bulkhead) wait(ctx context.Context, deadline time.Time) bool {
	defer b.waiting.Add(-1)
	if b.waiting.Add(1) > b.maxWaiting {
		return false
	}
	patience := b.maxWait
	if !deadline.IsZero() {
		patience = min(patience, time.Until(deadline))
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case b.places <- struct{}{}:
		return true
	case <-timer.C:
		return false
	case <-ctx.Done():
		return false
	}
}

func (b *Bulkhead) leave() { <-b.places }

// End implements pipeline.Ender: the exchange gives its place back.
func (b *Bulkhead) End(*pipeline.Exchange) { b.leave() }

package gatewaytest

import (
	"context"
	"slices"
	"sync"

	"github.com/seed-f9645bd3/gateway/ratelimit"
)

// A Limiter answers each ask and charge as told, and keeps them. Its zero value
// refuses.
type Limiter struct {
	Result ratelimit.Result
	Err    error

	mu      sync.Mutex
	asks    []ratelimit.Ask
	charges []ratelimit.Ask
}

// Take implements ratelimit.Limiter.
func (l *Limiter) Take(_ context.Context, asks []ratelimit.Ask, results []ratelimit.Result) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asks = append(l.asks, asks...)
	return l.answer(results)
}

// Charge implements ratelimit.Charger.
func (l *Limiter) Charge(_ context.Context, asks []ratelimit.Ask, results []ratelimit.Result) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.charges = append(l.charges, asks...)
	return l.answer(results)
}

func (l *Limiter) answer(results []ratelimit.Result) error {
	for i := range results {
		results[i] = ratelimit.Result{}
		if l.Err == nil {
			results[i] = l.Result
		}
	}
	return l.Err
}

// Asks returns what was asked so far, oldest first.
func (l *Limiter) Asks() []ratelimit.Ask {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.asks)
}

// Charges returns what was charged so far, oldest first.
func (l *Limiter) Charges() []ratelimit.Ask {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.charges)
}

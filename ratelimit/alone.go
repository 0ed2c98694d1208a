package ratelimit

import (
	"context"
	"math"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// While the store cannot count, an instance may count alone: each of them lets
// its share of a limit pass, in buckets of its own. They begin full, and are
// let go when they are full again.

// aloneName is the key of the buckets that all policies with on_error: local
// share. They outlive reloads.
const aloneName = "memory while the store cannot count"

func sharedAlone(env *pipeline.Env) (Limiter, error) {
	return pipeline.Shared(env, aloneName, func(*pipeline.Env) (Limiter, error) {
		return NewMemory(MemoryConfig{}), nil
	})
}

// shareOf returns the part of a rate that one instance lets pass. Who may come
// at all may come once.
func shareOf(rate Rate, share float64) Rate {
	return Rate{
		Limit: rate.Limit,
		Per:   stretched(rate.Per, share),
		Burst: max(int64(math.Floor(float64(rate.Burst)*share)), 1),
	}
}

// stretched returns the period in which the share of a rate is as many as the
// rate itself says.
func stretched(per time.Duration, share float64) time.Duration {
	long := math.Ceil(float64(per) / share)
	if long >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(long)
}

// alone asks l for the shares in place of the limits.
func (s *scratch) alone(ctx context.Context, l Limiter, r *rules) error {
	for i := range s.asks {
		s.asks[i].Rate = r.shares[i]
	}
	return l.Take(ctx, s.asks, s.results)
}

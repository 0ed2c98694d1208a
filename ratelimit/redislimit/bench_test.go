//go:build unix

package redislimit_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
)

const benchKey = "10=production10=rate_limit13=api orders/v112=subscription4=plan5=sub-1"

func benchAsks() []ratelimit.Ask {
	return []ratelimit.Ask{ask(benchKey, 1e9, time.Second), ask(benchKey+"/1", 1e9, time.Hour)}
}

func BenchmarkMiniredis(b *testing.B) {
	m := miniredis.RunT(b)
	bench(b, redislimit.New(dial(b, m.Addr()), redislimit.Timeout(patient)), 1)
}

func BenchmarkRedis(b *testing.B) {
	client, err := redislimit.Dial("redis://" + startRedis(b).addr())
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	bench(b, redislimit.New(client, redislimit.Timeout(patient)), 1, 2)
}

// bench measures one asker and 64 of them, each for so many limits.
func bench(b *testing.B, l ratelimit.Limiter, limits ...int) {
	b.Helper()
	for _, n := range limits {
		asks := benchAsks()[:n]
		name := [...]string{1: "one limit", 2: "two limits"}[n]
		b.Run(name+", one at a time", func(b *testing.B) {
			b.ReportAllocs()
			results := make([]ratelimit.Result, n)
			for b.Loop() {
				mustTake(b, l, asks, results)
			}
		})
		b.Run(name+", 64 at a time", func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				results := make([]ratelimit.Result, n)
				for pb.Next() {
					mustTake(b, l, asks, results)
				}
			})
		})
	}
}

func mustTake(b *testing.B, l ratelimit.Limiter, asks []ratelimit.Ask, results []ratelimit.Result) {
	if err := l.Take(context.Background(), asks, results); err != nil {
		b.Error(err)
	}
}

func BenchmarkKnownNotToAnswer(b *testing.B) {
	m := miniredis.RunT(b)
	l := redislimit.New(dial(b, m.Addr()), redislimit.Probe(time.Hour))
	m.SetError("LOADING")
	asks, results := benchAsks()[:1], make([]ratelimit.Result, 1)
	for !l.Degraded() {
		_ = l.Take(context.Background(), asks, results)
	}
	b.ReportAllocs()
	var passed atomic.Int64
	for b.Loop() {
		if l.Take(context.Background(), asks, results) == nil {
			passed.Add(1)
		}
	}
	if passed.Load() > 0 {
		b.Error("something was counted")
	}
}

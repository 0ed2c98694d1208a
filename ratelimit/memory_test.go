package ratelimit_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/ratelimit"
)

func take(t testing.TB, l ratelimit.Limiter, asks ...ratelimit.Ask) []ratelimit.Result {
	t.Helper()
	results := make([]ratelimit.Result, len(asks))
	require.NoError(t, l.Take(context.Background(), asks, results))
	return results
}

func ask(key string, r ratelimit.Rate) ratelimit.Ask { return ratelimit.Ask{Key: key, Rate: r, N: 1} }

// allowed counts how many of n asks pass, one after the other.
func allowed(t testing.TB, l ratelimit.Limiter, a ratelimit.Ask, n int) int {
	t.Helper()
	passed := 0
	for range n {
		if take(t, l, a)[0].Allowed {
			passed++
		}
	}
	return passed
}

var tenPerSecond = ratelimit.Rate{Limit: 10, Per: time.Second, Burst: 5}

func TestMemoryCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		a := ask("acme", tenPerSecond)
		require.Equal(t, ratelimit.Result{Allowed: true, Remaining: 4, Reset: 100 * time.Millisecond}, take(t, m, a)[0])
		require.Equal(t, 4, allowed(t, m, a, 10), "no more than the burst at once")
		require.Equal(t, ratelimit.Result{Reset: 500 * time.Millisecond, RetryAfter: 100 * time.Millisecond}, take(t, m, a)[0])

		time.Sleep(99 * time.Millisecond)
		require.Equal(t, time.Millisecond, take(t, m, a)[0].RetryAfter)
		time.Sleep(time.Millisecond)
		require.Equal(t, 1, allowed(t, m, a, 10), "when it was told to come back")
		require.Equal(t, 5, allowed(t, m, ask("umbrella", tenPerSecond), 10), "others have buckets of their own")

		time.Sleep(time.Hour)
		require.Equal(t, 5, allowed(t, m, a, 10), "no more than the burst after a rest")
	})
}

func TestMemoryReadsAsks(t *testing.T) {
	t.Parallel()
	rate := func(limit int64, per time.Duration, burst int64) ratelimit.Rate {
		return ratelimit.Rate{Limit: limit, Per: per, Burst: burst}
	}
	tests := []struct {
		name string
		ask  ratelimit.Ask
		want ratelimit.Result
	}{
		{"a burst of 0 is the limit", ratelimit.Ask{Rate: rate(3, 3*time.Second, 0), N: 1}, ratelimit.Result{Allowed: true, Remaining: 2, Reset: time.Second}},
		{"several at once are spent at once", ratelimit.Ask{Rate: rate(10, 10*time.Second, 0), N: 4}, ratelimit.Result{Allowed: true, Remaining: 6, Reset: 4 * time.Second}},
		{"none at all only looks", ratelimit.Ask{Rate: rate(10, time.Second, 0)}, ratelimit.Result{Allowed: true, Remaining: 10}},
		{"more than the bucket holds never pass", ratelimit.Ask{Rate: rate(2, 2*time.Second, 0), N: 3}, ratelimit.Result{Remaining: 2, RetryAfter: time.Second}},
		{"a rate of nothing refuses", ratelimit.Ask{N: 1}, ratelimit.Result{}},
		{"a rate without a period refuses", ratelimit.Ask{Rate: ratelimit.Rate{Limit: 1}, N: 1}, ratelimit.Result{}},
		{"a negative rate refuses", ratelimit.Ask{Rate: rate(-1, time.Second, 0), N: 1}, ratelimit.Result{}},
		{"a negative burst refuses", ratelimit.Ask{Rate: rate(1, time.Second, -1), N: 1}, ratelimit.Result{}},
		{"a rate that does not divide is rounded down", ratelimit.Ask{Rate: rate(3, time.Second, 0), N: 3}, ratelimit.Result{Allowed: true, Reset: time.Second + 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
				require.Equal(t, tt.want, take(t, m, tt.ask)[0])
			})
		})
	}
}

func TestMemoryTakesVastNumbers(t *testing.T) {
	t.Parallel()
	m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	const most = int64(1<<63 - 1)
	vast := ratelimit.Rate{Limit: 1, Per: time.Duration(most), Burst: most}
	require.False(t, take(t, m, ratelimit.Ask{Key: "a", Rate: vast, N: most})[0].RetryAfter < 0)
	fast := ratelimit.Rate{Limit: most, Per: 1, Burst: most}
	r := take(t, m, ratelimit.Ask{Key: "b", Rate: fast, N: 1})[0]
	require.True(t, r.Allowed)
	require.GreaterOrEqual(t, r.Remaining, int64(0))
}

func TestMemoryRefusesFaultyAsks(t *testing.T) {
	t.Parallel()
	m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	results := make([]ratelimit.Result, 1)
	require.Error(t, m.Take(t.Context(), []ratelimit.Ask{{Key: "a", Rate: tenPerSecond, N: -1}}, results))
	require.Error(t, m.Take(t.Context(), []ratelimit.Ask{{Key: strings.Repeat("a", 513), Rate: tenPerSecond, N: 1}}, results))
	require.False(t, results[0].Allowed)
	require.Zero(t, m.Len())
}

func TestTakeIsAllOrNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		wide, narrow := ask("wide", tenPerSecond), ask("narrow", ratelimit.Rate{Limit: 2, Per: time.Second})
		both := func() []ratelimit.Result { return take(t, m, wide, narrow) }
		require.Equal(t, int64(4), both()[0].Remaining)
		require.Equal(t, int64(3), both()[0].Remaining)

		r := both()
		require.True(t, r[0].Allowed)
		require.False(t, r[1].Allowed)
		require.Equal(t, int64(3), r[0].Remaining, "what would have passed is told as it stays")
		require.Equal(t, 500*time.Millisecond, r[1].RetryAfter)
		require.Equal(t, int64(2), take(t, m, wide)[0].Remaining, "and was not spent")
	})
}

func TestTwoAsksOfOneKeySpendTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		a := ask("acme", tenPerSecond)
		require.Equal(t, int64(3), take(t, m, a, a)[1].Remaining)
		require.Equal(t, int64(2), take(t, m, a)[0].Remaining)
		r := take(t, m, a, a, a)
		require.False(t, r[2].Allowed, "three do not pass where two are left")
		require.Equal(t, 2, allowed(t, m, a, 5))
	})
}

func TestMoreAsksThanFitInline(t *testing.T) {
	t.Parallel()
	m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	var asks []ratelimit.Ask
	for i := range 40 {
		asks = append(asks, ask(fmt.Sprint(i), tenPerSecond))
	}
	for _, r := range take(t, m, asks...) {
		require.True(t, r.Allowed)
	}
	require.Equal(t, 40, m.Len())
}

// A new key makes room by letting go of buckets that are full again. One of
// them may be asked for in the same Take.
func TestABucketOfTheSameTakeMayBeLetGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		once := ratelimit.Rate{Limit: 1, Per: time.Second}
		for i := range 2000 {
			old := ask(fmt.Sprint("old", i), once)
			take(t, m, old)
			time.Sleep(time.Minute)
			for _, r := range take(t, m, ask(fmt.Sprint("new", i), once), old) {
				require.True(t, r.Allowed)
			}
			require.False(t, take(t, m, old)[0].Allowed)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(ratelimit.MemoryConfig{MaxKeys: 1280})
		slow := ratelimit.Rate{Limit: 1, Per: time.Hour}
		for i := range 20_000 {
			take(t, m, ask(fmt.Sprint("flood", i), slow))
		}
		require.LessOrEqual(t, m.Len(), 1280)
	})
}

func TestBucketsThatAreFullAgainAreLetGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		for i := range 10_000 {
			take(t, m, ask(fmt.Sprint("old", i), tenPerSecond))
		}
		require.Equal(t, 10_000, m.Len())
		time.Sleep(time.Minute)
		for i := range 3_000 {
			take(t, m, ask(fmt.Sprint("new", i), tenPerSecond))
		}
		require.Less(t, m.Len(), 3_500)
	})
}

// An evicted key comes back charged, never full: however the keys outnumber
// the buckets, no key gets more than its burst and what has trickled in since.
func TestNoKeyGetsMoreUnderAFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(ratelimit.MemoryConfig{MaxKeys: 256})
		r := rand.New(rand.NewPCG(7, 11))
		rate := ratelimit.Rate{Limit: 4, Per: time.Minute, Burst: 3}
		start, passed := time.Now(), map[string]int{}
		for range 20_000 {
			key := fmt.Sprint("key", r.IntN(2_000))
			if take(t, m, ask(key, rate))[0].Allowed {
				passed[key]++
			}
			time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond)
			most := 3 + int(4*time.Since(start)/time.Minute)
			require.LessOrEqual(t, passed[key], most, key)
		}
	})
}

// Over-admission is 0: 64 goroutines that ask whenever they can get the burst
// and what trickles in, and not one more.
func TestManyAtOnceGetNoMoreThanTheRate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		rate ratelimit.Rate
	}{
		{"a rate with a burst", ratelimit.Rate{Limit: 100, Per: time.Second, Burst: 20}},
		{"a rate that does not divide", ratelimit.Rate{Limit: 7, Per: time.Second, Burst: 3}},
		{"one at a time", ratelimit.Rate{Limit: 1000, Per: time.Second, Burst: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const lasting = 10 * time.Second
				m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
				passed := hammer(m, ask("acme", tt.rate), lasting)
				most := tt.rate.Burst + tt.rate.Limit*int64(lasting/tt.rate.Per)
				require.LessOrEqual(t, passed, most)
				require.GreaterOrEqual(t, passed, most-1, "nor less, but for rounding")
			})
		})
	}
}

// hammer asks from 64 goroutines, each as often as it is told to, and counts
// what passes.
func hammer(m *ratelimit.Memory, a ratelimit.Ask, lasting time.Duration) int64 {
	var passed atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(lasting)
	for range 64 {
		wg.Go(func() {
			asks, results := []ratelimit.Ask{a}, make([]ratelimit.Result, 1)
			for !time.Now().After(end) {
				if m.Take(context.Background(), asks, results) == nil && results[0].Allowed {
					passed.Add(1)
				}
				time.Sleep(results[0].RetryAfter)
			}
		})
	}
	wg.Wait()
	return passed.Load()
}

func TestTakesOfManyShardsDoNotBlockEachOther(t *testing.T) {
	t.Parallel()
	m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	once := ratelimit.Rate{Limit: 1, Per: time.Hour}
	var pairs atomic.Int64
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 500 {
				asks := []ratelimit.Ask{ask(fmt.Sprint("a", i), once), ask(fmt.Sprint("b", i), once)}
				if g%2 == 1 {
					asks[0], asks[1] = asks[1], asks[0]
				}
				results := make([]ratelimit.Result, 2)
				if m.Take(context.Background(), asks, results) == nil && results[0].Allowed && results[1].Allowed {
					pairs.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.Equal(t, int64(500), pairs.Load())
}

func BenchmarkMemory(b *testing.B) {
	b.Run("one key", func(b *testing.B) {
		m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		asks, results := []ratelimit.Ask{ask("subscription of acme", tenPerSecond)}, make([]ratelimit.Result, 1)
		b.ReportAllocs()
		for b.Loop() {
			_ = m.Take(b.Context(), asks, results)
		}
	})
	b.Run("two windows", func(b *testing.B) {
		m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		asks := []ratelimit.Ask{ask("subscription of acme", tenPerSecond), ask("subscription of acme/1", tenPerSecond)}
		results := make([]ratelimit.Result, 2)
		b.ReportAllocs()
		for b.Loop() {
			_ = m.Take(b.Context(), asks, results)
		}
	})
	b.Run("100000 keys in parallel", func(b *testing.B) {
		m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		keys := make([]string, 100_000)
		for i := range keys {
			keys[i] = fmt.Sprint("subscription ", i)
		}
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			asks, results := make([]ratelimit.Ask, 1), make([]ratelimit.Result, 1)
			for i := rand.IntN(len(keys)); pb.Next(); i++ {
				asks[0] = ask(keys[i%len(keys)], tenPerSecond)
				_ = m.Take(context.Background(), asks, results)
			}
		})
	})
}

func TestWhatIsOwedIsNotForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(ratelimit.MemoryConfig{MaxKeys: 1}) // one bucket a shard
		ten := ratelimit.Rate{Limit: 10, Per: time.Second}
		charge := func(key string, n int64) ratelimit.Result {
			results := make([]ratelimit.Result, 1)
			require.NoError(t, m.Charge(t.Context(), []ratelimit.Ask{{Key: key, Rate: ten, N: n}}, results))
			return results[0]
		}
		look := func(key string) ratelimit.Result {
			results := make([]ratelimit.Result, 1)
			require.NoError(t, m.Take(t.Context(), []ratelimit.Ask{{Key: key, Rate: ten}}, results))
			return results[0]
		}
		require.False(t, charge("debtor", 10_000).Allowed)
		for i := range 5000 { // all shards are full, and what is shared is charged
			charge(fmt.Sprint("crowd ", i), 1000)
		}
		require.LessOrEqual(t, m.Len(), 128)
		require.Greater(t, look("debtor").Reset, 990*time.Second)
		late := look("late")
		require.Zero(t, late.Remaining)
		require.LessOrEqual(t, late.Reset, time.Second, "what is shared is empty, and owes nothing")
		charge("late", -1000)
		require.Zero(t, look("late").Remaining, "nobody fills what is shared")
		time.Sleep(998 * time.Second)
		require.False(t, look("debtor").Reset <= time.Second)
		time.Sleep(2 * time.Second)
		require.EqualValues(t, 10, look("debtor").Remaining)
	})
}

func TestChargesBeyondAllMeasure(t *testing.T) {
	t.Parallel()
	m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	results := make([]ratelimit.Result, 1)
	for _, n := range []int64{math.MaxInt64, math.MaxInt64, math.MaxInt64, 1, math.MinInt64, math.MinInt64} {
		require.NoError(t, m.Charge(t.Context(), []ratelimit.Ask{{Key: "a", Rate: ratelimit.Rate{Limit: 1, Per: time.Hour}, N: n}}, results))
		require.Equal(t, n < 0, results[0].Allowed)
		require.GreaterOrEqual(t, results[0].Reset, time.Duration(0))
	}
	require.NoError(t, m.Charge(t.Context(), []ratelimit.Ask{{Key: "a", N: 5}}, results))
	require.Equal(t, ratelimit.Result{}, results[0], "a rate that lets nothing pass")
	require.ErrorIs(t, m.Charge(t.Context(), []ratelimit.Ask{{Key: strings.Repeat("k", 513)}}, results), ratelimit.ErrUncharged)
}

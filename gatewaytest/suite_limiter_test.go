package gatewaytest

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/ratelimit"
)

// buckets is a token bucket per key; break what the flags say.
type buckets struct {
	mu   sync.Mutex
	full map[string]time.Time // when it is full again
	now  func() time.Time     // time.Now where nil

	spends, oneKey, noBurst, forgets, lies, keeps, blocks, refill bool
}

func (b *buckets) Take(ctx context.Context, asks []ratelimit.Ask, results []ratelimit.Result) error {
	if b.blocks && ctx.Err() != nil {
		select {}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.take(asks, results)
}

func (b *buckets) take(asks []ratelimit.Ask, results []ratelimit.Result) error {
	now := time.Now()
	if b.now != nil {
		now = b.now()
	}
	next := map[string]time.Time{}
	pass := true
	for i, a := range asks {
		key := a.Key
		if b.oneKey {
			key = "one"
		}
		at, seen := next[key]
		if !seen {
			at = b.full[key]
		}
		if at.Before(now) || b.refill {
			at = now
		}
		step := a.Rate.Per / time.Duration(a.Rate.Limit)
		burst := a.Rate.Burst
		if burst == 0 || b.noBurst {
			burst = a.Rate.Limit
		}
		to := at.Add(step * time.Duration(a.N))
		room := step * time.Duration(burst)
		ok := to.Sub(now) <= room
		r := ratelimit.Result{Allowed: ok}
		if ok {
			next[key] = to
			r.Remaining, r.Reset = int64((room-to.Sub(now))/step), to.Sub(now)
			if b.spends {
				b.put(key, to)
			}
		} else {
			pass = false
			r.Remaining, r.Reset, r.RetryAfter = max(0, int64((room-at.Sub(now))/step)), at.Sub(now), to.Sub(now)-room
		}
		if b.lies {
			r.RetryAfter /= 2
		}
		if b.keeps {
			results[i].Allowed = results[i].Allowed || ok
			continue
		}
		results[i] = r
	}
	if pass {
		for key, to := range next {
			b.put(key, to)
		}
	}
	return nil
}

func (b *buckets) put(key string, to time.Time) {
	if b.full == nil {
		b.full = map[string]time.Time{}
	}
	if !b.forgets {
		b.full[key] = to
	}
}

func limiterOf(b func() *buckets) func(testing.TB) ratelimit.Limiter {
	return func(testing.TB) ratelimit.Limiter { return b() }
}

func TestLimiterLetsAGoodLimiterPass(t *testing.T) {
	t.Parallel()
	TestLimiter(t, limiterOf(func() *buckets { return &buckets{} }))
}

func TestLimiterClockMovesAClockOfItsOwn(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	now := func() time.Time { return time.Unix(1_000_000, passed.Load()) }
	TestLimiterClock(t, limiterOf(func() *buckets { return &buckets{now: now} }), func(d time.Duration) { passed.Add(int64(d)) })
}

func TestLimiterHasTeeth(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		broken func() *buckets
		checks []string
	}{
		{"forgets what was spent", func() *buckets { return &buckets{forgets: true} },
			[]string{"as many pass at once as the burst says"}},
		{"does not honour the burst", func() *buckets { return &buckets{noBurst: true} },
			[]string{"as many pass at once as the burst says"}},
		{"spends what passes beside what does not", func() *buckets { return &buckets{spends: true} },
			[]string{"where one ask does not pass, none is spent"}},
		{"has one bucket for all", func() *buckets { return &buckets{oneKey: true} }, []string{"keys are kept apart"}},
		{"is full again at once", func() *buckets { return &buckets{refill: true} },
			[]string{"as many pass at once as the burst says", "in the long run no more pass than the rate says"}},
		{"says too early to come again", func() *buckets { return &buckets{lies: true} },
			[]string{"what remains and when to come again is true"}},
		{"keeps what stood in the results", func() *buckets { return &buckets{keeps: true} },
			[]string{"results that were there before are overwritten"}},
		{"blocks for a client that is gone", func() *buckets { return &buckets{blocks: true} },
			[]string{"a context that has ended does not keep it"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			subject := limiterSubject{limiterOf(test.broken), func(time.Duration) {}}
			bites(t, limiterChecks(), subject, test.checks...)
		})
	}
}

func TestLimiterSeesThatAnAskOfOneKeyTwiceIsCountedOnce(t *testing.T) {
	t.Parallel()
	bites(t, limiterChecks(), limiterSubject{func(testing.TB) ratelimit.Limiter { return &onceAKey{} }, func(time.Duration) {}},
		"one key asked for twice counts twice", "an ask for several spends several", "an ask for more than the burst never passes")
}

// onceAKey counts each key once, however much is asked of it.
type onceAKey struct{ buckets }

func (o *onceAKey) Take(ctx context.Context, asks []ratelimit.Ask, results []ratelimit.Result) error {
	first := map[string]int{}
	for i, a := range asks {
		j, seen := first[a.Key]
		if seen {
			results[i] = results[j]
			continue
		}
		first[a.Key] = i
		a.N = 1
		if err := o.buckets.Take(ctx, []ratelimit.Ask{a}, results[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func TestLimiterSeesALimiterThatFails(t *testing.T) {
	t.Parallel()
	failing := func(testing.TB) ratelimit.Limiter { return &Limiter{Err: context.DeadlineExceeded} }
	for _, c := range limiterChecks() {
		if c.name == "a context that has ended does not keep it" {
			continue
		}
		require.True(t, judge(t, c, limiterSubject{failing, func(time.Duration) {}}).Failed(), c.name)
	}
}

func TestLimiterSeesThatCountingIsNotAtomic(t *testing.T) {
	t.Parallel()
	subject := limiterSubject{func(testing.TB) ratelimit.Limiter { return &racing{} }, func(time.Duration) {}}
	bites(t, limiterChecks(), subject, "many at once do not pass more")
}

// racing looks first and counts later, as one does who reads and writes a
// store in two steps, and yields in between.
type racing struct{ spent atomic.Int64 }

func (r *racing) Take(_ context.Context, asks []ratelimit.Ask, results []ratelimit.Result) error {
	spent := r.spent.Load()
	runtime.Gosched()
	for i, a := range asks {
		results[i].Allowed = spent < a.Rate.Limit
	}
	if results[0].Allowed {
		r.spent.Store(spent + 1)
	}
	return nil
}

func TestLimiterChecksRunInTheirBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &buckets{}
		require.EqualValues(t, 10, drain(t, l, "a", perSecond))
		time.Sleep(time.Second)
		require.EqualValues(t, 10, drain(t, l, "a", perSecond))
	})
}

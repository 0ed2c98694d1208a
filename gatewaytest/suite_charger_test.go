package gatewaytest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f9645bd3/gateway/ratelimit"
)

// ledgers is a limiter that can be charged; break what the flags say.
type ledgers struct {
	buckets

	loses, capped, keepsAll, refuses, shares bool
}

func (l *ledgers) Charge(_ context.Context, asks []ratelimit.Ask, results []ratelimit.Result) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for i, a := range asks {
		key := a.Key
		if l.shares {
			key = "one"
		}
		at := l.full[key]
		if at.Before(now) {
			at = now
		}
		step := a.Rate.Per / time.Duration(a.Rate.Limit)
		depth := a.Rate.Per
		to := at.Add(step * time.Duration(a.N))
		switch {
		case l.keepsAll && a.N < 0:
			to = at
		case to.Before(now):
			to = now
		case l.capped && to.Sub(now) > depth:
			to = now.Add(depth)
		case l.refuses && to.Sub(now) > depth:
			to = at
		}
		wait := to.Sub(now)
		results[i] = ratelimit.Result{
			Allowed: wait <= depth, Remaining: max(int64((depth-wait)/step), 0), Reset: wait, RetryAfter: max(wait-depth, 0),
		}
		if !l.loses {
			l.put(key, to)
		}
	}
	return nil
}

func TestChargerLetsAGoodOnePass(t *testing.T) {
	t.Parallel()
	TestLimiter(t, func(testing.TB) ratelimit.Limiter { return &ledgers{} })
}

func TestChargerHasTeeth(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		broken func() *ledgers
		checks []string
	}{
		{"loses what is charged", func() *ledgers { return &ledgers{loses: true} },
			[]string{"what is charged is spent", "one key charged twice is charged both", "many charges at once all count"}},
		{"forgives what is owed", func() *ledgers { return &ledgers{capped: true} }, []string{"a bucket may owe, and lets nothing pass until it does not"}},
		{"refuses a charge", func() *ledgers { return &ledgers{refuses: true} }, []string{"a bucket may owe, and lets nothing pass until it does not"}},
		{"gives nothing back", func() *ledgers { return &ledgers{keepsAll: true} }, []string{"what is given back may be spent again, and no more"}},
		{"charges everybody", func() *ledgers { return &ledgers{shares: true} }, []string{"what is charged is spent"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				subject := limiterSubject{func(testing.TB) ratelimit.Limiter { return test.broken() }, time.Sleep}
				bites(t, chargerChecks(), subject, test.checks...)
			})
		})
	}
}

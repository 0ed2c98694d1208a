package gatewaytest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/ratelimit"
)

// What a limiter keeps to that is a ratelimit.Charger. One that is none is not
// asked.
func chargerChecks() []check[limiterSubject] {
	return []check[limiterSubject]{
		{"what is charged is spent", chargerSpends},
		{"a bucket may owe, and lets nothing pass until it does not", chargerOwes},
		{"what is given back may be spent again, and no more", chargerGivesBack},
		{"what is charged of one key stays with it", chargerKeys},
		{"one key charged twice is charged both", chargerSameKey},
		{"many charges at once all count", chargerConcurrent},
		{"a charge of nothing tells how it stands", chargerTells},
	}
}

func chargerOf(t testing.TB, s limiterSubject) ratelimit.Charger {
	t.Helper()
	c, ok := s.make(t).(ratelimit.Charger)
	if !ok {
		t.Skip("the limiter charges nothing")
	}
	return c
}

func charge(t testing.TB, c ratelimit.Charger, key string, n int64) ratelimit.Result {
	t.Helper()
	results := []ratelimit.Result{{Allowed: true, Remaining: 99, RetryAfter: time.Hour}}
	if err := c.Charge(t.Context(), []ratelimit.Ask{{Key: key, Rate: perSecond, N: n}}, results); err != nil {
		t.Fatalf("charge: %v", err)
	}
	return results[0]
}

func chargerSpends(t testing.TB, s limiterSubject) {
	t.Helper()
	c := chargerOf(t, s)
	r := charge(t, c, "a", 7)
	if !r.Allowed || r.Remaining != 3 || r.RetryAfter != 0 || r.Reset <= 0 {
		t.Errorf("after 7 of 10 the result is %+v", r)
	}
	if got := drain(t, c, "a", perSecond); got != 3 {
		t.Errorf("after a charge of 7 of 10, %d passed, not 3", got)
	}
}

func chargerOwes(t testing.TB, s limiterSubject) {
	t.Helper()
	c := chargerOf(t, s)
	r := charge(t, c, "a", 35)
	if r.Allowed || r.Remaining != 0 || r.RetryAfter != 2500*time.Millisecond || r.Reset != 3500*time.Millisecond {
		t.Errorf("after 35 of 10 the result is %+v", r)
	}
	for range 2 {
		refused := take(t, c, ratelimit.Ask{Key: "a", Rate: perSecond, N: 1})
		if refused.Allowed || refused.RetryAfter != 2600*time.Millisecond {
			t.Errorf("what owes answers an ask with %+v", refused)
		}
	}
	s.advance(2500 * time.Millisecond)
	if take(t, c, ratelimit.Ask{Key: "a", Rate: perSecond, N: 1}).Allowed {
		t.Error("an ask passed when what was owed was just paid, and no more")
	}
	s.advance(100 * time.Millisecond)
	if got := drain(t, c, "a", perSecond); got != 1 {
		t.Errorf("%d passed, not 1, when one more had come", got)
	}
}

func chargerGivesBack(t testing.TB, s limiterSubject) {
	t.Helper()
	c := chargerOf(t, s)
	charge(t, c, "a", 30)
	if r := charge(t, c, "a", -25); !r.Allowed || r.Remaining != 5 {
		t.Errorf("after 30 and -25 of 10 the result is %+v", r)
	}
	charge(t, c, "a", -1000)
	if got := drain(t, c, "a", perSecond); got != 10 {
		t.Errorf("%d of 10 passed after more was given back than was spent", got)
	}
	charge(t, c, "never seen", -5)
	if got := drain(t, c, "never seen", perSecond); got != 10 {
		t.Errorf("%d of 10 passed where nothing was spent before it was given back", got)
	}
}

func chargerKeys(t testing.TB, s limiterSubject) {
	t.Helper()
	c := chargerOf(t, s)
	charge(t, c, "a", 100)
	if got := drain(t, c, "b", perSecond); got != 10 {
		t.Errorf("%d of 10 passed under a key of which nothing was charged", got)
	}
}

func chargerSameKey(t testing.TB, s limiterSubject) {
	t.Helper()
	c := chargerOf(t, s)
	ask := ratelimit.Ask{Key: "a", Rate: perSecond, N: 4}
	if err := c.Charge(t.Context(), []ratelimit.Ask{ask, ask}, make([]ratelimit.Result, 2)); err != nil {
		t.Fatalf("charge: %v", err)
	}
	if got := drain(t, c, "a", perSecond); got != 2 {
		t.Errorf("after 4 and 4 of 10, %d passed, not 2", got)
	}
}

func chargerConcurrent(t testing.TB, s limiterSubject) {
	t.Helper()
	c := chargerOf(t, s)
	hundred := ratelimit.Rate{Limit: 1000, Per: time.Hour}
	var failed atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 20 {
				asks := []ratelimit.Ask{{Key: "shared", Rate: hundred, N: 2}}
				if c.Charge(t.Context(), asks, make([]ratelimit.Result, 1)) != nil {
					failed.Add(1)
				}
			}
		})
	}
	all.Wait()
	left := take(t, c, ratelimit.Ask{Key: "shared", Rate: hundred}).Remaining
	if failed.Load() > 0 || left != 200 {
		t.Errorf("after 400 charges of 2, %d of 1000 are left, not 200; %d failed", left, failed.Load())
	}
}

func chargerTells(t testing.TB, s limiterSubject) {
	t.Helper()
	c := chargerOf(t, s)
	if r := charge(t, c, "a", 0); !r.Allowed || r.Remaining != 10 || r.Reset != 0 || r.RetryAfter != 0 {
		t.Errorf("of a bucket that nobody asked for the result is %+v", r)
	}
	if err := c.Charge(t.Context(), nil, nil); err != nil && !errors.Is(err, ratelimit.ErrUncharged) {
		t.Errorf("charge nothing: %v", err)
	}
}

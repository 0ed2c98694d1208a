package gatewaytest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f9645bd3/gateway/ratelimit"
)

// TestLimiter holds a limiter to the contract of ratelimit.Limiter: it keeps
// to the bound, spends all or nothing, keeps keys apart, counts under
// concurrency, and says truly what remains and when to come again. One that is
// a ratelimit.Charger is held to that contract too.
//
// It runs in a testing/synctest bubble, where time is virtual: what make
// starts has to end with t.Cleanup. For a limiter whose clock is elsewhere,
// see TestLimiterClock.
func TestLimiter(t *testing.T, make func(testing.TB) ratelimit.Limiter) {
	t.Helper()
	for _, c := range limiterChecks() {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { c.run(t, limiterSubject{make, time.Sleep}) })
		})
	}
}

// TestLimiterClock is TestLimiter in real time, for a limiter whose clock is
// moved by advance.
func TestLimiterClock(t *testing.T, make func(testing.TB) ratelimit.Limiter, advance func(time.Duration)) {
	t.Helper()
	runChecks(t, limiterChecks(), limiterSubject{make, advance})
}

type limiterSubject struct {
	make    func(testing.TB) ratelimit.Limiter
	advance func(time.Duration)
}

func limiterChecks() []check[limiterSubject] {
	return append([]check[limiterSubject]{
		{"as many pass at once as the burst says", limiterBound},
		{"in the long run no more pass than the rate says", limiterRate},
		{"where one ask does not pass, none is spent", limiterAllOrNothing},
		{"one key asked for twice counts twice", limiterSameKey},
		{"an ask for more than the burst never passes", limiterTooMuch},
		{"an ask for several spends several", limiterSeveral},
		{"keys are kept apart", limiterKeys},
		{"what remains and when to come again is true", limiterTells},
		{"results that were there before are overwritten", limiterOverwrites},
		{"many at once do not pass more", limiterConcurrent},
		{"a context that has ended does not keep it", limiterCancelled},
		{"nothing asked is nothing refused", limiterNothing},
	}, chargerChecks()...)
}

var perSecond = ratelimit.Rate{Limit: 10, Per: time.Second}

// take asks for one thing and fails t where it cannot be counted.
func take(t testing.TB, l ratelimit.Limiter, a ratelimit.Ask) ratelimit.Result {
	t.Helper()
	return takeAll(t, l, a)[0]
}

func takeAll(t testing.TB, l ratelimit.Limiter, asks ...ratelimit.Ask) []ratelimit.Result {
	t.Helper()
	results := make([]ratelimit.Result, len(asks))
	if err := l.Take(t.Context(), asks, results); err != nil {
		t.Fatalf("take: %v", err)
	}
	for i, r := range results {
		if r.Remaining < 0 || r.Reset < 0 || r.RetryAfter < 0 {
			t.Errorf("the result of ask %d is below zero: %+v", i, r)
		}
	}
	return results
}

// drain asks until one is refused, and returns how many passed.
func drain(t testing.TB, l ratelimit.Limiter, key string, rate ratelimit.Rate) int64 {
	t.Helper()
	for n := int64(0); ; n++ {
		if n > 100*rate.Limit {
			t.Fatalf("%d passed at once, and there is no end to it", n)
		}
		if !take(t, l, ratelimit.Ask{Key: key, Rate: rate, N: 1}).Allowed {
			return n
		}
	}
}

func limiterBound(t testing.TB, s limiterSubject) {
	t.Helper()
	l := s.make(t)
	if got := drain(t, l, "a", perSecond); got != 10 {
		t.Errorf("of 10/s without a burst %d passed at once, not 10", got)
	}
	small := ratelimit.Rate{Limit: 10, Per: time.Second, Burst: 3}
	if got := drain(t, l, "b", small); got != 3 {
		t.Errorf("of 10/s with a burst of 3 %d passed at once, not 3", got)
	}
}

func limiterRate(t testing.TB, s limiterSubject) {
	t.Helper()
	l := s.make(t)
	passed := drain(t, l, "a", perSecond)
	const steps = 40
	for range steps {
		s.advance(250 * time.Millisecond)
		passed += drain(t, l, "a", perSecond)
	}
	// 10 at once, 10 in each of 10 seconds, and 10 more where windows meet.
	if passed > 10+100+10 {
		t.Errorf("%d passed in 10 seconds of 10/s", passed)
	}
	if passed < 90 {
		t.Errorf("only %d passed in 10 seconds of 10/s", passed)
	}
}

func limiterAllOrNothing(t testing.TB, s limiterSubject) {
	t.Helper()
	l := s.make(t)
	drain(t, l, "full", perSecond)
	free := ratelimit.Ask{Key: "free", Rate: perSecond, N: 1}
	full := ratelimit.Ask{Key: "full", Rate: perSecond, N: 1}
	for _, asks := range [][]ratelimit.Ask{{free, full}, {full, free}, {free, full, free}} {
		for range 20 {
			results := takeAll(t, l, asks...)
			i := slices.Index(asks, full)
			if results[i].Allowed {
				t.Fatal("what is exhausted passed beside what is not")
			}
			if results[i].RetryAfter <= 0 {
				t.Error("the refused ask does not say when to come again")
			}
		}
	}
	if got := drain(t, l, "free", perSecond); got != 10 {
		t.Errorf("%d of 10 were left where none should have been spent", got)
	}
}

func limiterSameKey(t testing.TB, s limiterSubject) {
	t.Helper()
	l := s.make(t)
	one := ratelimit.Ask{Key: "a", Rate: perSecond, N: 1}
	for range 4 {
		takeAll(t, l, one, one)
	}
	take(t, l, one)
	results := takeAll(t, l, one, one)
	if results[0].Allowed && results[1].Allowed {
		t.Error("two asks of one key passed where one was left")
	}
	if got := drain(t, l, "a", perSecond); got > 1 {
		t.Errorf("after nine or ten of 10, %d more passed", got)
	}
}

func limiterTooMuch(t testing.TB, s limiterSubject) {
	t.Helper()
	l := s.make(t)
	if take(t, l, ratelimit.Ask{Key: "a", Rate: perSecond, N: 11}).Allowed {
		t.Error("11 passed at once of 10/s")
	}
	if got := drain(t, l, "a", perSecond); got != 10 {
		t.Errorf("%d of 10 were left after an ask that did not pass", got)
	}
}

func limiterSeveral(t testing.TB, s limiterSubject) {
	t.Helper()
	l := s.make(t)
	if !take(t, l, ratelimit.Ask{Key: "a", Rate: perSecond, N: 7}).Allowed {
		t.Error("7 of 10 did not pass")
	}
	if take(t, l, ratelimit.Ask{Key: "a", Rate: perSecond, N: 4}).Allowed {
		t.Error("4 passed where 3 were left")
	}
	if got := drain(t, l, "a", perSecond); got != 3 {
		t.Errorf("%d were left, not 3", got)
	}
}

func limiterKeys(t testing.TB, s limiterSubject) {
	t.Helper()
	l := s.make(t)
	keys := []string{"a", "A", " a", "a ", "a:", "a:b", "a/b", "a\x00b", "{a}", "*", "ä", "a\nb"}
	for _, key := range keys {
		if got := drain(t, l, key, perSecond); got != 10 {
			t.Errorf("%d of 10 passed under the key %q", got, key)
		}
	}
}

func limiterTells(t testing.TB, s limiterSubject) {
	t.Helper()
	l := s.make(t)
	ask := ratelimit.Ask{Key: "a", Rate: perSecond, N: 1}
	for left := int64(9); left >= 0; left-- {
		r := take(t, l, ask)
		if !r.Allowed || r.Remaining != left || r.RetryAfter != 0 || r.Reset <= 0 {
			t.Fatalf("with %d left the result is %+v", left, r)
		}
	}
	r := take(t, l, ask)
	if r.Allowed || r.Remaining != 0 || r.RetryAfter <= 0 || r.RetryAfter > perSecond.Per {
		t.Fatalf("with none left the result is %+v", r)
	}
	s.advance(r.RetryAfter)
	r = take(t, l, ask)
	if !r.Allowed {
		t.Fatalf("after RetryAfter the ask did not pass: %+v", r)
	}
	s.advance(r.Reset)
	if got := drain(t, l, "a", perSecond); got != 10 {
		t.Errorf("after Reset %d passed, not 10", got)
	}
}

func limiterOverwrites(t testing.TB, s limiterSubject) {
	t.Helper()
	l := s.make(t)
	drain(t, l, "a", perSecond)
	results := []ratelimit.Result{{Allowed: true, Remaining: 99, Reset: time.Hour, RetryAfter: time.Hour}}
	if err := l.Take(t.Context(), []ratelimit.Ask{{Key: "a", Rate: perSecond, N: 1}}, results); err != nil {
		t.Fatalf("take: %v", err)
	}
	if r := results[0]; r.Allowed || r.Remaining != 0 || r.RetryAfter == time.Hour || r.Reset == time.Hour {
		t.Errorf("something of the result before is left: %+v", r)
	}
}

func limiterConcurrent(t testing.TB, s limiterSubject) {
	t.Helper()
	l := s.make(t)
	hundred := ratelimit.Rate{Limit: 100, Per: time.Hour}
	var passed, failed atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			results := make([]ratelimit.Result, 2)
			for i := range 20 {
				asks := []ratelimit.Ask{{Key: "shared", Rate: hundred, N: 1}, {Key: fmt.Sprint("own", i), Rate: hundred, N: 1}}
				switch err := l.Take(t.Context(), asks, results); {
				case err != nil:
					failed.Add(1)
				case results[0].Allowed && results[1].Allowed:
					passed.Add(1)
				}
			}
		})
	}
	all.Wait()
	if failed.Load() > 0 || passed.Load() != 100 {
		t.Errorf("of 400 at once %d passed, not 100; %d could not be counted", passed.Load(), failed.Load())
	}
}

func limiterCancelled(t testing.TB, s limiterSubject) {
	t.Helper()
	l := s.make(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	results := []ratelimit.Result{{Allowed: true}}
	var err error
	if !within(patience(t), func() { err = l.Take(ctx, []ratelimit.Ask{{Key: "a", Rate: perSecond, N: 11}}, results) }) {
		t.Fatal("Take did not return")
	}
	if err == nil && results[0].Allowed {
		t.Error("what could never pass passed because the context had ended")
	}
}

func limiterNothing(t testing.TB, s limiterSubject) {
	t.Helper()
	if err := s.make(t).Take(t.Context(), nil, nil); err != nil {
		t.Errorf("take nothing: %v", err)
	}
}

package redislimit_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
)

// together has two instances ask as fast as they can for so long, and returns
// how many passed.
func together(t testing.TB, addr string, asked ratelimit.Ask, span time.Duration) (passed int64, took time.Duration) {
	t.Helper()
	var n atomic.Int64
	var all sync.WaitGroup
	begun := time.Now()
	for range 2 {
		l := redislimit.New(dial(t, addr), redislimit.Timeout(patient))
		for range 4 {
			all.Go(func() {
				for time.Since(begun) < span {
					results, err := try(l, asked)
					if err == nil && results[0].Allowed {
						n.Add(1)
					}
				}
			})
		}
	}
	all.Wait()
	return n.Load(), time.Since(begun)
}

func TestTwoInstancesCountTogether(t *testing.T) {
	t.Parallel()
	asked := ratelimit.Ask{Key: "shared", Rate: ratelimit.Rate{Limit: 100, Per: time.Second, Burst: 50}, N: 1}
	passed, took := together(t, miniredis.RunT(t).Addr(), asked, time.Second)
	bound := 50 + 100*took.Seconds()
	require.LessOrEqual(t, float64(passed), 1.05*bound)
	require.GreaterOrEqual(t, float64(passed), 0.5*bound)
}

func TestKeysExpireByThemselves(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	c := newClock(m)
	l := redislimit.New(dial(t, m.Addr()), redislimit.Timeout(patient), redislimit.Prefix("shop:"))
	for i := range 50 {
		take(t, l, ask(fmt.Sprint("a", i), 10, time.Second), ask(fmt.Sprint("b", i), 10, time.Minute))
	}
	require.Len(t, m.Keys(), 100)
	for _, key := range m.Keys() {
		require.True(t, strings.HasPrefix(key, "shop:{"), key)
		require.Positive(t, m.TTL(key))
	}
	c.advance(100 * time.Millisecond)
	require.Len(t, m.Keys(), 50, "a bucket that is full again is nothing to remember")
	c.advance(6 * time.Second)
	require.Empty(t, m.Keys())
}

func TestALimitThatWasNarrowedKeepsNobodyOutForLonger(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	newClock(m)
	l := redislimit.New(dial(t, m.Addr()), redislimit.Timeout(patient))
	day := ask("a", 100, 24*time.Hour)
	require.Equal(t, 100, passes(t, l, 100, day))
	second := take(t, l, ask("a", 10, time.Second))[0]
	require.False(t, second.Allowed)
	require.Equal(t, time.Second, second.Reset)
}

func TestLookingSpendsNothing(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	newClock(m)
	l := redislimit.New(dial(t, m.Addr()), redislimit.Timeout(patient))
	look := ask("a", 10, time.Second)
	look.N = 0
	require.Equal(t, ratelimit.Result{Allowed: true, Remaining: 10}, take(t, l, look)[0])
	require.Empty(t, m.Keys())
}

func TestAsksThatAreNone(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	l := redislimit.New(dial(t, m.Addr()), redislimit.Timeout(patient))
	never := ratelimit.Ask{Key: "never", N: 1}
	good := ask("good", 10, time.Hour)
	require.Equal(t, ratelimit.Result{}, take(t, l, never)[0], "a rate that says nothing lets nothing pass")
	require.False(t, take(t, l, good, never)[1].Allowed)
	require.Equal(t, int64(9), take(t, l, good)[0].Remaining, "nothing was spent beside it")

	_, err := try(l, ratelimit.Ask{Key: "a", Rate: good.Rate, N: -1})
	require.ErrorContains(t, err, "negative")
	_, err = try(l, ratelimit.Ask{Key: strings.Repeat("a", 513), Rate: good.Rate, N: 1})
	require.ErrorContains(t, err, "513 bytes")
	_, err = try(redislimit.New(nil), good)
	require.ErrorIs(t, err, redislimit.ErrUnavailable)
}

func TestAValueThatIsNoneIsNoBucket(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	l := redislimit.New(dial(t, m.Addr()), redislimit.Timeout(patient))
	asked := ask("a", 10, time.Hour)
	take(t, l, asked)
	require.NoError(t, m.Set(m.Keys()[0], "full"))
	_, err := try(l, asked)
	require.ErrorContains(t, err, "the value of a bucket is none")
}

func TestAClientThatPanicsIsAnError(t *testing.T) {
	t.Parallel()
	client := dial(t, miniredis.RunT(t).Addr())
	l := redislimit.New(panicking{client}, redislimit.Timeout(patient))
	_, err := try(l, ask("a", 10, time.Hour))
	require.ErrorContains(t, err, "panicked: cross slot")
}

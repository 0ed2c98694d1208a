package redislimit_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
)

// TestRandomCharges holds charges among asks to what a limiter in memory makes
// of them, also those of several owners in a cluster.
func TestRandomCharges(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*rueidis.ClientOption){
		"of one server": func(*rueidis.ClientOption) {}, "of a cluster": asCluster,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			redis := miniredis.RunT(t)
			c := newClock(redis)
			l := redislimit.New(dial(t, redis.Addr(), set), redislimit.Timeout(patient))
			owed := map[string]time.Duration{} // wait of each key
			for step := range 300 {
				asks := make([]ratelimit.Ask, 1+random.IntN(2))
				for i, owner := range random.Perm(4)[:len(asks)] {
					asks[i] = ratelimit.Ask{Key: fmt.Sprintf("1=%d", owner), Rate: ratelimit.Rate{Limit: 10, Per: time.Second}, N: random.Int64N(60) - 15}
				}
				results := make([]ratelimit.Result, len(asks))
				require.NoError(t, l.Charge(t.Context(), asks, results))
				for i, a := range asks {
					wait := max(owed[a.Key]+time.Duration(a.N)*100*time.Millisecond, 0)
					owed[a.Key] = wait
					want := ratelimit.Result{
						Allowed: wait <= time.Second, Remaining: max(int64((time.Second-wait)/(100*time.Millisecond)), 0),
						Reset: wait, RetryAfter: max(wait-time.Second, 0),
					}
					require.Equal(t, want, results[i], "step %d: %+v", step, a)
					require.Equal(t, wait+100*time.Millisecond <= time.Second, looks(t, l, a.Key), "step %d: %+v", step, a)
				}
				pause := time.Duration(random.Int64N(2000)) * time.Millisecond
				c.advance(pause)
				for key := range owed {
					owed[key] = max(owed[key]-pause, 0)
				}
			}
		})
	}
}

// looks reports whether an ask of one would pass.
func looks(t testing.TB, l *redislimit.Limiter, key string) bool {
	t.Helper()
	return take(t, l, ask(key, 10, time.Second), ratelimit.Ask{Key: key, Rate: ratelimit.Rate{Limit: 10, Per: time.Second}, N: 1 << 40})[0].Allowed
}

func TestInstancesChargeTogether(t *testing.T) {
	t.Parallel()
	redis := miniredis.RunT(t)
	c := newClock(redis)
	var stages [2]pipeline.Stage // of two instances
	for i := range stages {
		stage, err := ratelimit.NewUnits(gatewaytest.Env(t), redislimit.New(dial(t, redis.Addr()), redislimit.Timeout(patient)), ratelimit.UnitConfig{
			Unit: "tokens", Per: "consumer", Rate: registryRate(100, time.Minute),
		})
		require.NoError(t, err)
		stages[i] = stage
	}
	spend := func(instance int) error {
		x := caller("acme")
		resp, err := stages[instance].Wrap(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
			return pipeline.Respond(x, http.StatusOK, "application/json", []byte(`{"usage":{"total_tokens":60}}`)), nil
		})(t.Context(), x)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
		}
		require.NoError(t, x.Finish(&pipeline.Summary{}))
		return err
	}
	require.NoError(t, spend(0))
	require.NoError(t, spend(1), "40 are left")
	require.ErrorContains(t, spend(0), ratelimit.CodeSpent, "20 are owed")
	require.ErrorContains(t, spend(1), ratelimit.CodeSpent)
	c.advance(13 * time.Second)
	require.NoError(t, spend(1))
}

func TestWhatIsOwedIsKeptAsLongAsItIs(t *testing.T) {
	t.Parallel()
	redis := miniredis.RunT(t)
	c := newClock(redis)
	l := redislimit.New(dial(t, redis.Addr()), redislimit.Timeout(patient))
	require.NoError(t, l.Charge(t.Context(), []ratelimit.Ask{{Key: "a", Rate: ratelimit.Rate{Limit: 10, Per: time.Second}, N: 36_000}}, make([]ratelimit.Result, 1)))
	c.advance(59 * time.Minute)
	require.False(t, take(t, l, ask("a", 10, time.Second))[0].Allowed)
	c.advance(time.Minute)
	require.True(t, take(t, l, ask("a", 10, time.Second))[0].Allowed)
	require.Len(t, redis.Keys(), 1)
	c.advance(time.Second)
	require.Empty(t, redis.Keys())
}

func TestWhetherAChargeWasMadeIsSaid(t *testing.T) {
	t.Parallel()
	asks := []ratelimit.Ask{{Key: "a", Rate: ratelimit.Rate{Limit: 10, Per: time.Second}, N: 5}}
	results := []ratelimit.Result{{Allowed: true}}
	require.ErrorIs(t, redislimit.New(nil).Charge(t.Context(), asks, results), ratelimit.ErrUncharged)
	require.Equal(t, ratelimit.Result{}, results[0])

	redis := miniredis.RunT(t)
	wire := newProxy(t, redis.Addr())
	l := redislimit.New(dial(t, wire.addr()), redislimit.Timeout(50*time.Millisecond), redislimit.Probe(time.Hour))
	until(t, "it is connected", func() bool { return l.Charge(t.Context(), asks, results) == nil })
	ended, end := context.WithCancel(t.Context())
	end()
	require.ErrorIs(t, l.Charge(ended, asks, results), ratelimit.ErrUncharged)
	require.ErrorIs(t, l.Charge(t.Context(), []ratelimit.Ask{{Key: strings.Repeat("k", 600)}}, results), ratelimit.ErrUncharged)

	wire.set(hole)
	err := l.Charge(t.Context(), asks, results)
	require.Error(t, err)
	require.NotErrorIs(t, err, ratelimit.ErrUncharged, "it may have been made")
	until(t, "nobody waits any more", func() bool { _ = l.Charge(t.Context(), asks, results); return l.Degraded() })
	require.ErrorIs(t, l.Charge(t.Context(), asks, results), ratelimit.ErrUncharged)
}

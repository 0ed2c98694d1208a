package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

var errAway = errors.New("the store is away")

// away makes the store of the kind "away" fail.
func away() pipeline.Kind[ratelimit.Limiter] { return ratelimit.Fixed("away", fake{err: errAway}) }

func alone(c ratelimit.Config) registry.Policy {
	c.OnError, c.Store = "local", &registry.Policy{Kind: "away"}
	return policy(c)
}

func TestAnInstanceAloneLetsItsSharePass(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		share       float64
		rate        registry.Rate
		burst       int64
		atOnce      int
		aMinuteLong int
	}{
		{"half of it where nothing is said", 0, rate(60, time.Minute), 10, 5, 30},
		{"as much as it says", 0.1, rate(60, time.Minute), 10, 1, 6},
		{"all of it", 1, rate(60, time.Minute), 10, 10, 60},
		{"who may come at all may come once", 0.5, rate(2, time.Minute), 1, 1, 1},
		{"a burst that is the count of the rate", 0.25, rate(40, time.Minute), 0, 10, 10},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := ratelimit.Config{Rate: test.rate, Burst: test.burst, LocalShare: test.share}
				stage := newBench(t, away()).must(t, orders, alone(c))
				caller := func() *pipeline.Exchange { return from("sub-1") }
				require.Equal(t, test.atOnce, passes(t, stage, 50, caller))
				passed := 0
				for range 120 {
					time.Sleep(time.Second / 2)
					passed += passes(t, stage, 2, caller)
				}
				require.Equal(t, test.aMinuteLong, passed)
			})
		})
	}
}

func TestDecisionsOfAnInstanceAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stage := newBench(t, away()).must(t, orders, alone(ratelimit.Config{Rate: rate(2, time.Hour)}))
		x := from("sub-1")
		require.Nil(t, send(t, stage, x))
		require.Equal(t, []pipeline.Decision{
			{Stage: "rate_limit", Rule: "2/hour", Verdict: pipeline.Warn, Code: ratelimit.CodeDegraded},
		}, x.Decisions())
		require.Equal(t, "0", x.Reply.Get("X-RateLimit-Remaining"))

		x = from("sub-1")
		p := send(t, stage, x)
		require.Equal(t, 429, p.Status)
		require.Equal(t, ratelimit.CodeLimited, p.Code)
		require.Equal(t, "3600", p.Header.Get("Retry-After"))
		require.Equal(t, pipeline.Deny, x.Decisions()[0].Verdict)
	})
}

func TestAnInstanceAloneKeepsSeveralLimitsAndThoseOfPlans(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, away())
		several := ratelimit.Config{Limits: []registry.Limit{{Rate: rate(20, time.Second)}, {Rate: rate(30, time.Hour)}}}
		stage := b.must(t, orders, alone(several))
		caller := func() *pipeline.Exchange { return from("sub-1") }
		require.Equal(t, 10, passes(t, stage, 20, caller))
		time.Sleep(time.Second)
		require.Equal(t, 5, passes(t, stage, 20, caller))

		planned := b.must(t, orders, alone(ratelimit.Config{}).As("plan"))
		gold := &registry.Plan{Name: "gold", Limits: []registry.Limit{{Rate: rate(8, time.Hour)}}}
		require.Equal(t, 4, passes(t, planned, 20, func() *pipeline.Exchange {
			x := from("sub-2")
			x.Subscription.Plan = gold
			return x
		}))
	})
}

func TestRoutesOfOneAPIShareWhatAnInstanceCountsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, away())
		p := alone(ratelimit.Config{Rate: rate(10, time.Hour)})
		other := orders
		other.Name = "put-order"
		caller := func() *pipeline.Exchange { return from("sub-1") }
		require.Equal(t, 5, passes(t, b.must(t, orders, p), 20, caller))
		require.Zero(t, passes(t, b.must(t, other, p), 20, caller))
	})
}

func TestSharesAtFault(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, config string }{
		{"above one", `{"on_error":"local","local_share":1.5}`},
		{"below zero", `{"on_error":"local","local_share":-0.5}`},
		{"without anybody to use it", `{"local_share":0.5}`},
		{"beside another fail mode", `{"on_error":"allow","local_share":0.5}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := newBench(t).build(orders, registry.Policy{Kind: "rate_limit", Config: []byte(test.config)})
			require.ErrorContains(t, err, "/local_share")
		})
	}
}

func TestOwnerOf(t *testing.T) {
	t.Parallel()
	var keys []string
	c := ratelimit.Config{Per: "subject", Limits: []registry.Limit{{Rate: rate(1, time.Second)}, {Rate: rate(1, time.Hour)}}}
	stage, err := ratelimit.New(&pipeline.Env{}, fake{keys: &keys}, c)
	require.NoError(t, err)
	x := from("sub-1")
	x.Identity.Subject = "a/1"
	require.Nil(t, send(t, stage, x))
	require.Len(t, keys, 2)
	require.Equal(t, keys[0]+"/1", keys[1])
	for _, key := range keys {
		require.Equal(t, keys[0], ratelimit.OwnerOf(key))
	}

	for key, owner := range map[string]string{
		"":             "",
		"acme":         "acme",
		"3=abc":        "3=abc",
		"3=abc/1":      "3=abc",
		"0=3=a/1/2":    "0=3=a/1",
		"4=abc":        "4=abc", // not as long as it says: the key of somebody else
		"3=abc9":       "3=abc",
		"999=abc":      "999=abc",
		"=":            "=",
		"99=" + "abcd": "99=abcd",
	} {
		require.Equal(t, owner, ratelimit.OwnerOf(key), "%q", key)
	}
}

func TestBucketsSayWhatMemorySays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		ask := ratelimit.Ask{Key: "a", Rate: ratelimit.Rate{Limit: 7, Per: time.Second, Burst: 3}, N: 2}
		b, ok := ask.Bucket()
		require.True(t, ok)
		results := make([]ratelimit.Result, 1)
		var wait time.Duration
		for range 20 {
			require.NoError(t, m.Take(context.Background(), []ratelimit.Ask{ask}, results))
			want := b.Refuses(wait)
			if wait+b.Cost <= b.Depth {
				wait += b.Cost
				want = b.Passes(wait)
			}
			require.Equal(t, want, results[0])
			time.Sleep(90 * time.Millisecond)
			wait = max(wait-90*time.Millisecond, 0)
		}
		_, ok = (&ratelimit.Ask{N: 1}).Bucket()
		require.False(t, ok)
	})
}

func ExampleOwnerOf() {
	fmt.Println(ratelimit.OwnerOf("4=prod5=sub-1/2"))
	// Output: 4=prod5=sub-1
}

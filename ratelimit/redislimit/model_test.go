package redislimit_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
)

// A model holds when each bucket is full again.
type model struct {
	now  time.Duration
	full map[string]time.Duration
}

// take judges asks of keys that differ.
func (m *model) take(asks []ratelimit.Ask) []ratelimit.Result {
	results := make([]ratelimit.Result, len(asks))
	pass := true
	for i := range asks {
		b, _ := asks[i].Bucket()
		pass = pass && m.wait(asks[i].Key, b)+b.Cost <= b.Depth
	}
	for i := range asks {
		b, _ := asks[i].Bucket()
		wait := m.wait(asks[i].Key, b)
		switch {
		case wait+b.Cost > b.Depth:
			results[i] = b.Refuses(wait)
			continue
		case pass && b.Cost > 0:
			wait += b.Cost
			m.full[asks[i].Key] = m.now + wait
		}
		results[i] = b.Passes(wait)
	}
	return results
}

// wait is what is left until the bucket is full: its depth at most.
func (m *model) wait(key string, b ratelimit.Bucket) time.Duration {
	return min(max(m.full[key]-m.now, 0), b.Depth)
}

// TestRandomAsks holds a limiter to a model of it, ask for ask, with several
// rates, costs, keys and pauses. In a cluster keys of several owners are asked
// for together, and given back.
func TestRandomAsks(t *testing.T) {
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
			m := &model{full: map[string]time.Duration{}}
			for step := range 400 {
				asks := randomAsks(random)
				want := m.take(asks)
				got := take(t, l, asks...)
				for i := range want {
					want[i].Reset, want[i].RetryAfter = micros(want[i].Reset), micros(want[i].RetryAfter)
				}
				require.Equal(t, want, got, "step %d: %+v", step, asks)
				pause := time.Duration(random.Int64N(int64(300*time.Millisecond))) * time.Duration(random.IntN(2))
				pause = pause.Truncate(time.Millisecond)
				m.now += pause
				c.advance(pause)
			}
		})
	}
}

// randomAsks returns one to three asks of different keys. The rate of a key may
// differ from one time to the next, as where a plan is changed.
func randomAsks(random *rand.Rand) []ratelimit.Ask {
	rates := []ratelimit.Rate{
		{Limit: 10, Per: time.Second}, {Limit: 7, Per: time.Second, Burst: 3}, {Limit: 5, Per: time.Minute}, {Limit: 1000, Per: time.Second, Burst: 20},
	}
	var asks []ratelimit.Ask
	for _, owner := range random.Perm(4)[:1+random.IntN(3)] {
		asks = append(asks, ratelimit.Ask{
			Key: fmt.Sprintf("1=%d", owner), Rate: rates[(owner+random.IntN(10)/9)%len(rates)], N: random.Int64N(4),
		})
	}
	return asks
}

func micros(d time.Duration) time.Duration {
	return (d + time.Microsecond - 1).Truncate(time.Microsecond)
}

package redislimit_test

import (
	"context"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

// patient is a timeout for tests that are not about time: a machine under load
// takes long.
const patient = 20 * time.Second

// dial returns a client of the address; as a cluster where the server says it
// is one.
func dial(t testing.TB, addr string, set ...func(*rueidis.ClientOption)) rueidis.Client {
	t.Helper()
	option := rueidis.ClientOption{InitAddress: []string{addr}, DisableCache: true, ForceSingleClient: true}
	for _, f := range set {
		f(&option)
	}
	client, err := rueidis.NewClient(option)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// asCluster makes miniredis a cluster of one machine, which it can be.
func asCluster(o *rueidis.ClientOption) { o.ForceSingleClient = false }

// A clock moves the time of a miniredis, which stands still otherwise.
type clock struct {
	redis *miniredis.Miniredis
	now   time.Time
}

func newClock(redis *miniredis.Miniredis) *clock {
	c := &clock{redis, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	redis.SetTime(c.now)
	return c
}

func (c *clock) advance(d time.Duration) {
	c.now = c.now.Add(d)
	c.redis.SetTime(c.now)
	c.redis.FastForward(d)
}

func ask(key string, limit int64, per time.Duration) ratelimit.Ask {
	return ratelimit.Ask{Key: key, Rate: ratelimit.Rate{Limit: limit, Per: per}, N: 1}
}

// take asks, and fails t where it cannot be counted.
func take(t testing.TB, l ratelimit.Limiter, asks ...ratelimit.Ask) []ratelimit.Result {
	t.Helper()
	results := make([]ratelimit.Result, len(asks))
	require.NoError(t, l.Take(t.Context(), asks, results))
	return results
}

// try asks, and returns what becomes of it.
func try(l ratelimit.Limiter, asks ...ratelimit.Ask) ([]ratelimit.Result, error) {
	results := make([]ratelimit.Result, len(asks))
	err := l.Take(context.Background(), asks, results)
	return results, err
}

// until waits for a condition that others bring about.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	require.Eventually(t, holds, patient, 5*time.Millisecond, what)
}

func registryRate(count int64, per time.Duration) registry.Rate {
	return registry.Rate{Count: count, Per: per}
}

// limits returns an hourly and a daily limit.
func limits(hourly, daily int64) []registry.Limit {
	return []registry.Limit{{Rate: registryRate(hourly, time.Hour)}, {Rate: registryRate(daily, 24*time.Hour)}}
}

package redislimit_test

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/rueidis"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
)

func TestKeepsTheContract(t *testing.T) {
	t.Parallel()
	conformance(t)
}

func TestKeepsTheContractInACluster(t *testing.T) {
	t.Parallel()
	conformance(t, asCluster)
}

func conformance(t *testing.T, set ...func(*rueidis.ClientOption)) {
	t.Helper()
	redis := miniredis.RunT(t)
	c := newClock(redis)
	client := dial(t, redis.Addr(), set...)
	gatewaytest.TestLimiterClock(t, func(testing.TB) ratelimit.Limiter {
		redis.FlushAll()
		return redislimit.New(client, redislimit.Timeout(patient))
	}, c.advance)
}

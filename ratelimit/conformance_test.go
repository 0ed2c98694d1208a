package ratelimit_test

import (
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	t.Parallel()
	gatewaytest.TestLimiter(t, func(testing.TB) ratelimit.Limiter {
		return ratelimit.NewMemory(ratelimit.MemoryConfig{})
	})
}

func TestStageKeepsTheContracts(t *testing.T) {
	t.Parallel()
	gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage {
		return newBench(t).must(t, orders, policy(ratelimit.Config{Rate: rate(1000, time.Second)}))
	}, gatewaytest.Subscription(&registry.Subscription{ID: "sub-1"}))
}

package cache_test

import (
	"testing"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/cache/memory"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestStageKeepsTheContracts(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]string{
		"without settings": `{}`,
		"with a ttl":       `{"ttl":"1m","stale_if_error":"1m","stale_while_revalidate":"1m"}`,
		"of small entries": `{"ttl":"1m","max_entry":"2B"}`,
		"by itself":        `{"ttl":"1m","coalesce":false}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage {
				return gatewaytest.Build(t, cache.Kind(), config, gatewaytest.WithKinds(memory.Kind()))[0]
			}, gatewaytest.Subscription(&registry.Subscription{ID: "sub-1"}))
		})
	}
}

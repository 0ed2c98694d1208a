package resilience_test

import (
	"testing"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

func TestStagesKeepTheContracts(t *testing.T) {
	t.Parallel()
	route := gatewaytest.Route(&registry.Route{Name: "a", API: "users/v1", Upstream: "users"})
	for _, c := range []struct {
		kind   pipeline.Kind[[]pipeline.Stage]
		config string
	}{
		{resilience.BreakerKind(), `{"slow":{"over":"1m"}}`},
		{resilience.BreakerKind(), `{"consecutive_failures":10}`},
		{resilience.BulkheadKind(), `{"max_concurrent":8,"max_waiting":100}`},
		{resilience.FallbackKind(), `{"on":{"statuses":[503]},"respond":{"body":"{}"}}`},
		{resilience.RetryKind(), `{}`},
		{resilience.TimeoutKind(), `{"total":"1m","per_try":"1m","send":"X-Request-Timeout","idle":"1m"}`},
	} {
		stages := len(gatewaytest.Build(t, c.kind, c.config, route))
		for i := range stages {
			t.Run(c.kind.Name+" "+c.config, func(t *testing.T) {
				t.Parallel()
				gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage {
					return gatewaytest.Build(t, c.kind, c.config, route)[i]
				})
			})
		}
	}
}

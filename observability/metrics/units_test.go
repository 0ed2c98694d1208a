package metrics_test

import (
	"testing"

	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/stretchr/testify/require"
)

const byUnit = "gateway_units_total{"

// used tells m of an answer that came to so many tokens, by a subscription of
// the plan.
func used(m *metrics.Metrics, route *registry.Route, plan string, n int64) {
	x := &pipeline.Exchange{}
	if plan != "" {
		x.Subscription = &registry.Subscription{Plan: &registry.Plan{Name: plan}}
	}
	x.Use(&pipeline.Usage{Policy: "unit_limit", Unit: "tokens", N: n})
	x.Use(&pipeline.Usage{Policy: "unit_limit:size", Unit: "bytes", N: 10 * n})
	m.For(route)(x, &pipeline.Summary{Status: 200})
}

func TestUnitsAreCountedByRouteAPIAndPlan(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	chat := &registry.Route{Name: "chat", API: "chat/v1"}
	used(m, chat, "gold", 5)
	used(m, chat, "gold", 7)
	used(m, chat, "", 1)
	used(m, nil, "", 2)
	require.ElementsMatch(t, []string{
		byUnit + `api="chat/v1",plan="gold",policy="unit_limit",route="chat",unit="tokens"} 12`,
		byUnit + `api="chat/v1",plan="gold",policy="unit_limit:size",route="chat",unit="bytes"} 120`,
		byUnit + `api="chat/v1",plan="(none)",policy="unit_limit",route="chat",unit="tokens"} 1`,
		byUnit + `api="chat/v1",plan="(none)",policy="unit_limit:size",route="chat",unit="bytes"} 10`,
		byUnit + `api="",plan="(none)",policy="unit_limit",route="(none)",unit="tokens"} 2`,
		byUnit + `api="",plan="(none)",policy="unit_limit:size",route="(none)",unit="bytes"} 20`,
	}, series(scrape(t, m), byUnit))
	m.Forget("chat")
	require.Len(t, series(scrape(t, m), byUnit), 2)
}

func TestUnitsBeyondTheCeilingShareOne(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.MaxUnits(2), metrics.MaxRoutes(1))
	used(m, &registry.Route{Name: "a"}, "gold", 1)
	used(m, &registry.Route{Name: "a"}, "free", 1)
	used(m, &registry.Route{Name: "b"}, "gold", 1)
	require.ElementsMatch(t, []string{
		byUnit + `api="",plan="gold",policy="unit_limit",route="a",unit="tokens"} 1`,
		byUnit + `api="",plan="gold",policy="unit_limit:size",route="a",unit="bytes"} 10`,
		byUnit + `api="(other)",plan="(other)",policy="(other)",route="(other)",unit="(other)"} 22`,
	}, series(scrape(t, m), byUnit))
}

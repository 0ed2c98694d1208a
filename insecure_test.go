package gateway_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestUnsafeOptionsAreCounted(t *testing.T) {
	t.Parallel()
	type place struct {
		InsecureHTTP       bool `json:"insecure_http,omitempty"`
		InsecureSkipVerify bool `json:"insecure_skip_verify,omitempty"`
	}
	type config struct {
		Places []place `json:"places"`
	}
	kind := pipeline.NewKind("risky", func(*pipeline.Env, config) ([]pipeline.Stage, error) { return nil, nil })
	risky := registry.NewPolicy("risky", config{Places: []place{{InsecureHTTP: true}, {InsecureSkipVerify: true}, {}}})
	g := newGateway(t, gateway.Kinds(kind), gateway.Upstream("b", text("b")))
	figures := metrics.New()
	figures.WatchInsecure(g.Insecure)
	require.Equal(t, map[string]int{"insecure_skip_verify": 0}, g.Insecure(), "before anything serves")

	s := snapshot("1", public("a", "/a", "b", risky), public("c", "/c", "safe"))
	s.Upstreams = []registry.Upstream{
		{Name: "safe", Endpoints: []registry.Endpoint{{URL: "https://127.0.0.1:1"}}},
		{Name: "unsafe", Endpoints: []registry.Endpoint{{URL: "https://127.0.0.1:1"}}, TLS: registry.UpstreamTLS{InsecureSkipVerify: true}},
	}
	apply(t, g, s)
	require.Equal(t, map[string]int{"insecure_skip_verify": 2, "insecure_http": 1}, g.Insecure())
	_, page := get(figures.Handler(), "/metrics")
	require.Contains(t, page, `gateway_insecure_options{option="insecure_skip_verify"} 2`)
	require.Contains(t, page, `gateway_insecure_options{option="insecure_http"} 1`)

	apply(t, g, snapshot("2", public("a", "/a", "b")))
	_, page = get(figures.Handler(), "/metrics")
	require.Contains(t, page, `gateway_insecure_options{option="insecure_skip_verify"} 0`)
	require.NotContains(t, page, "insecure_http")
}

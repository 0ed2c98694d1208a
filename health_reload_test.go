package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest/clienttest"
	"github.com/seed-f9645bd3/gateway/registry"
)

// probed returns a snapshot with one upstream whose endpoint is probed.
func probed(version, url string, healthyAfter int) *registry.Snapshot {
	s := snapshot(version, public("a", "/", "users"))
	s.Upstreams = []registry.Upstream{{
		Name: "users", Endpoints: []registry.Endpoint{{URL: url}},
		Balancer: &registry.Policy{Kind: "least_connections"},
		Health: registry.Health{Active: &registry.ActiveHealth{
			HTTP:     &registry.HTTPProbe{Path: "/healthz"},
			Interval: registry.Duration(20 * time.Millisecond), HealthyAfter: healthyAfter,
		}},
	}}
	return clienttest.All(s)
}

func TestHealthSurvivesAChangeOfSettings(t *testing.T) {
	t.Parallel()
	var sick atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" && sick.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(s.Close)
	g := newGateway(t)
	ready := func() bool { return g.Upstreams()[0].Ready }
	apply(t, g, probed("1", s.URL, 2))
	status, _ := get(g, "/")
	require.Equal(t, http.StatusOK, status)

	sick.Store(true)
	require.Eventually(t, func() bool { return !ready() }, 10*time.Second, time.Millisecond)
	require.Equal(t, "upstream_not_ready", code(t, g, "/"))
	apply(t, g, probed("2", s.URL, 1000))
	require.Equal(t, "upstream_not_ready", code(t, g, "/"), "known before the first probe of the new settings")

	sick.Store(false)
	apply(t, g, probed("3", s.URL, 1))
	require.Eventually(t, ready, 10*time.Second, time.Millisecond)
	status, _ = get(g, "/")
	require.Equal(t, http.StatusOK, status)
}

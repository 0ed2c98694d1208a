package gatewaytest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
	"github.com/seed-f9645bd3/gateway/standard"
)

// TestAThousandScenarios runs a thousand whole gateways, each with a backend
// that takes a second and a timeout that is shorter for every other one. A
// quarter of an hour passes in the bubble.
func TestAThousandScenarios(t *testing.T) {
	t.Parallel()
	start := time.Now()
	synctest.Test(t, func(t *testing.T) {
		for n := range 1000 {
			scenario(t, n)
		}
	})
	took := time.Since(start)
	t.Logf("1,000 scenarios in %v", took)
	require.Less(t, took, 20*time.Second)
}

func scenario(t *testing.T, n int) {
	total, want := 2*time.Second, http.StatusOK
	if n%2 == 0 {
		total, want = 500*time.Millisecond, http.StatusGatewayTimeout
	}
	g := gatewaytest.New(t, &registry.Snapshot{Version: "1", Environment: "test", Routes: []registry.Route{{
		Name: "one", Match: registry.Match{Path: "/one/{id}"}, Upstream: "slow",
		Policies: []registry.Policy{
			authz.PublicPolicy(),
			resilience.TimeoutPolicy(resilience.TimeoutConfig{Total: registry.Duration(total)}),
		},
	}}}, standard.Kinds())
	defer g.Close()
	g.Backend("slow", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(time.Second):
			fmt.Fprint(w, r.URL.Path)
		case <-r.Context().Done():
		}
	}))
	got := g.Do(httptest.NewRequest(http.MethodGet, fmt.Sprintf("/one/%d", n), nil))
	require.Equal(t, want, got.Status, "scenario %d: %+v", n, got)
}

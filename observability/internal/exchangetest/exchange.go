// Package exchangetest makes the exchanges that tests and benchmarks of
// recorders tell of.
package exchangetest

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Route returns the route of the exchanges.
func Route() *registry.Route {
	return &registry.Route{
		Name: "get-user", API: "users/v2", Protocol: "rest", Upstream: "users-v2",
		Match: registry.Match{Path: "/users/{id}"},
	}
}

// New returns an exchange that has passed every part of the gateway, begun at
// a fixed time, and how it ended.
func New() (*pipeline.Exchange, *pipeline.Summary) {
	in := httptest.NewRequest(http.MethodGet, "http://api.example.com/users/42?fields=name&api_key=gw_live_0123456789abcdef", nil)
	in.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
	in.Header.Set("Authorization", "Bearer canary-credential")
	in.Header.Set("Cookie", "session=canary-credential")
	x := &pipeline.Exchange{
		In: in, ID: "01JD8Q4Z6W3V5X7Y9A1B2C3D4E", Scheme: "https",
		Client:      netip.MustParseAddr("203.0.113.7"),
		Start:       time.Date(2026, time.November, 24, 22, 0, 0, 0, time.UTC),
		Environment: "production",
		Route:       Route(),
		Identity:    &pipeline.Identity{Subject: "alice", Consumer: "acme", Scheme: "jwt"},
		Subscription: &registry.Subscription{
			ID: "sub-1", Consumer: "acme", API: "users/v2", Plan: &registry.Plan{Name: "gold"},
		},
	}
	x.Decide(pipeline.Decision{Stage: "authenticate", Verdict: pipeline.Pass, At: time.Microsecond})
	x.Decide(pipeline.Decision{Stage: "rate_limit", Rule: "gold", Verdict: pipeline.Pass, At: 2 * time.Microsecond})
	x.Tried(pipeline.Attempt{Endpoint: "http://10.0.0.1:9001", Status: 200, Took: 3 * time.Millisecond})
	return x, &pipeline.Summary{Status: 200, BytesOut: 1024, Took: 3412 * time.Microsecond}
}

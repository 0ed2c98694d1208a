package gateway_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/registry"
)

// streamable are the policies that let an answer pass, each in settings that
// make most of it. The others answer themselves (respond, redirect, deny), or
// stand on every route here (public).
func streamable(secretFile string) map[string]map[string]any {
	return map[string]map[string]any{
		"authenticate": {"any_of": []any{map[string]any{"api_key": map[string]any{"secret": map[string]any{"file": secretFile}}}}},
		"subscription": {}, "environment": {},
		"scopes":         {"all": []string{"read"}},
		"allow_ips":      {"allow": []string{"127.0.0.0/8"}},
		"body":           {"max": "1KiB", "buffer": true},
		"breaker":        {},
		"bulkhead":       {"max_concurrent": 100},
		"cache":          {"ttl": "1m"},
		"compress":       {"min_length": "0B", "types": []string{"text/event-stream"}},
		"correlation_id": {},
		"cors":           {"origins": []string{"https://app.example"}},
		"fallback":       {"respond": map[string]any{"body": "later"}},
		"headers":        {"response": map[string]any{"set": map[string]string{"X-Set": "yes"}}},
		"mask":           {"fields": []string{"secret"}, "other_types": "pass"},
		"payload":        {},
		"problems":       {"statuses": []string{"5xx"}, "detail": "error.message"},
		"rate_limit":     {"rate": "1000000/s", "per": "address"},
		"retry":          {"attempts": 2},
		"select":         {"fields": []string{"id"}, "other_types": "pass"},
		"timeout":        {"total": "1m", "per_try": "1m", "idle": "1m"},
		"trace":          {},
		"unit_limit":     {"unit": "events", "rate": "1000000/s", "per": "address", "over": "cut"},
		"in_flight":      {"max": 100, "per": "address"},
	}
}

// asksWho are the policies that say who may call, so that the route is not public.
var asksWho = map[string]bool{"subscription": true, "environment": true, "scopes": true, "authenticate": true, "allow_ips": true}

func TestAStreamPassesThroughEveryPairOfPolicies(t *testing.T) {
	t.Parallel()
	const secret = "a secret of the tests, long enough"
	key, err := apikey.NewKey(nil)
	require.NoError(t, err)
	secretFile := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secretFile, []byte(secret), 0o600))
	policies := streamable(secretFile)
	var pairs []string
	s := snapshot("1")
	for a := range policies {
		for b := range policies {
			if a <= b {
				path := a + "-" + b
				pairs = append(pairs, path)
				s.Routes = append(s.Routes, pairRoute(path, policies, a, b))
			}
		}
	}
	got := make(chan struct{})
	backend := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: first\n\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-got:
			_, _ = io.WriteString(w, "data: last\n\n")
		case <-time.After(longest):
		case <-r.Context().Done():
		}
	})
	g := newGateway(t, gateway.Upstream("b", backend))
	require.NoError(t, g.Apply(t.Context(), registry.Update{Snapshot: s, Directory: []registry.Change{
		{Subscription: &registry.Subscription{ID: "s", Consumer: "acme", API: "pairs/v1", Environment: "test", Active: true, Scopes: []string{"read"}}},
		{Credential: &registry.Credential{ID: "k", Consumer: "acme", Environment: "test"}, Sum: apikey.Sum([]byte(secret), []byte(key))},
	}}))
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	for _, pair := range pairs {
		req, err := http.NewRequest(http.MethodGet, server.URL+"/"+pair, nil)
		require.NoError(t, err)
		req.Header.Set("X-API-Key", key)
		resp, err := server.Client().Do(req)
		require.NoError(t, err)
		first := make([]byte, len("data: first\n\n"))
		_, err = io.ReadFull(resp.Body, first)
		require.NoError(t, err, "%s: status %d", pair, resp.StatusCode)
		require.Equal(t, "data: first\n\n", string(first), "%s: status %d", pair, resp.StatusCode)
		got <- struct{}{}
		require.Equal(t, "data: last\n\n", drain(resp.Body), pair)
	}
	t.Logf("%d pairs", len(pairs))
}

func pairRoute(path string, policies map[string]map[string]any, pair ...string) registry.Route {
	r := registry.Route{Name: path, API: "pairs/v1", Match: registry.Match{Path: "/" + path}, Upstream: "b"}
	seen := map[string]bool{}
	add := func(kind string) {
		if !seen[kind] {
			seen[kind] = true
			r.Policies = append(r.Policies, registry.NewPolicy(kind, policies[kind]))
		}
	}
	for _, kind := range pair {
		if asksWho[kind] {
			add("authenticate")
			add("subscription")
		}
	}
	for _, kind := range pair {
		add(kind)
	}
	if !seen["authenticate"] {
		r.Policies = append(r.Policies, registry.NewPolicy("public", map[string]any{}))
	}
	return r
}

package audit_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/standard"
)

// known says who calls, in the place of an authenticator.
func known() pipeline.Stage {
	return pipeline.Stage{Name: "known", Phase: pipeline.Authenticate, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			x.Identity = &pipeline.Identity{Subject: "mallory", Consumer: "acme", Scheme: "jwt", Scopes: []string{"users.read"}, Roles: []string{"clerk"}}
			return next(ctx, x)
		}
	}}
}

// TestADenialByAPolicyIsOnRecordWithItsRule: whatever policy denies, the
// decision names the rule that did, and the trail of a gateway says so.
func TestADenialByAPolicyIsOnRecordWithItsRule(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("a secret of the tests, long enough"), 0o600))
	public := registry.NewPolicy("public", struct{}{})
	policy := func(kind, config string) []registry.Policy {
		return []registry.Policy{registry.NewPolicy(kind, json.RawMessage(config))}
	}
	tests := []struct {
		route    string
		policies []registry.Policy
		by       map[string]any
	}{
		{"deny", policy("deny", `{}`), map[string]any{"stage": "deny", "rule": "deny", "code": "denied"}},
		{"scopes", policy("scopes", `{"all":["users.read","users.write"]}`), map[string]any{"stage": "scopes", "rule": "users.write", "code": "scope_missing"}},
		{"roles", policy("roles", `{"any":["admin","owner"]}`), map[string]any{"stage": "roles", "code": "role_missing"}},
		{"allow_ips", policy("allow_ips", `{"allow":["10.0.0.0/8"]}`), map[string]any{"stage": "allow_ips", "code": "address_not_allowed"}},
		{"deny_ips", policy("allow_ips", `{"allow":["0.0.0.0/0"],"deny":["192.0.2.0/24"]}`), map[string]any{"stage": "allow_ips", "rule": "192.0.2.0/24", "code": "address_not_allowed"}},
		{"subscription", policy("subscription", `{"api":"users/v2"}`), map[string]any{"stage": "subscription", "rule": "users/v2", "code": "subscription_missing"}},
		{"environment", policy("environment", `{}`), map[string]any{"stage": "environment", "rule": "test", "code": "environment_missing"}},
		{"authenticate", append(policy("authenticate", `{"any_of":[{"api_key":{"secret":{"file":"`+secret+`"}}}],"throttle":{"address":1}}`), public), map[string]any{"stage": "authenticate", "rule": "address", "code": "authentication_throttled"}},
		{"rate_limit", append(policy("rate_limit", `{"per":"address","rate":"1/hour"}`), public), map[string]any{"stage": "rate_limit", "code": "rate_limited"}},
	}
	snapshot := &registry.Snapshot{Version: "7", Environment: "test"}
	for _, tt := range tests {
		snapshot.Routes = append(snapshot.Routes, registry.Route{
			Name: tt.route, Match: registry.Match{Path: "/" + tt.route}, Upstream: "b", Policies: tt.policies,
		})
	}
	tr := start(t, where(t))
	g := gatewaytest.New(t, snapshot, standard.Kinds(), gateway.Stages(known()), gateway.Recorders(tr),
		gateway.Logger(slog.New(slog.DiscardHandler)))
	for _, tt := range tests {
		for range 2 { // the second one is beyond the rate, and the limit of failures
			r := httptest.NewRequest(http.MethodGet, "/"+tt.route, nil)
			r.RemoteAddr = "192.0.2.7:4711"
			r.Header.Set("X-API-Key", "unknown-key-0123456789abc")
			g.Do(r)
		}
	}
	require.Error(t, g.Apply(t.Context(), registry.Update{Snapshot: &registry.Snapshot{Version: "8", Routes: []registry.Route{{Name: "x"}}}}))
	require.NoError(t, g.Close())
	require.NoError(t, tr.end())
	whole(t, tr.path)

	denials := map[string]map[string]any{}
	var configs []string
	for _, r := range lines(t, tr.path) {
		switch r["event"] {
		case "denied":
			if !slices.Contains([]any{"deny", "rate_limit", "authenticate"}, r["route"]) { // those are before anybody is known
				require.Equal(t, "mallory", r["subject"])
			}
			require.NotEmpty(t, r["decisions"])
			denials[r["route"].(string)] = r["denied_by"].(map[string]any)
		case "config":
			configs = append(configs, r["action"].(string)+" "+r["version"].(string))
		}
	}
	for _, tt := range tests {
		require.NotEmpty(t, denials[tt.route]["rule"], tt.route)
		for member, want := range tt.by {
			require.Equal(t, want, denials[tt.route][member], "%s of %s", member, tt.route)
		}
	}
	require.Equal(t, []string{"applied 7", "refused 8"}, configs)
}

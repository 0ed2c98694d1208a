package gateway_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/registry"
)

// TestAThrottledAttemptIsToldLikeAnyDenial: the access log names the limit that
// refused and metrics count it; neither tells the credential, nor the caller
// which limit it was.
func TestAThrottledAttemptIsToldLikeAnyDenial(t *testing.T) {
	t.Parallel()
	secret := t.TempDir() + "/secret"
	require.NoError(t, writeFile(secret, []byte("a secret of the tests, long enough")))
	keys := func(c authn.ThrottleConfig) registry.Policy {
		return authn.Policy(authn.Config{Throttle: c, AnyOf: []registry.Policy{
			apikey.Policy(apikey.Config{Secret: registry.Secret{File: secret}}),
		}})
	}
	route := func(name string, c authn.ThrottleConfig) registry.Route {
		return registry.Route{Name: name, Match: registry.Match{Path: "/" + name}, Upstream: "b", Policies: []registry.Policy{keys(c), authz.PublicPolicy()}}
	}
	var written record
	log, figures := accesslog.New(accesslog.Writer(&written)), metrics.New()
	g := gatewaytest.New(t, snapshot("1", route("one", authn.ThrottleConfig{Address: 1}), route("two", authn.ThrottleConfig{Credential: 1})),
		standardKinds(), gateway.Recorders(log, figures))
	attempt := func(path string) gatewaytest.Result {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("X-API-Key", "unknown-key-0123456789abc")
		return g.Do(r)
	}
	require.Equal(t, "api_key_unknown", attempt("/one").Code)
	require.Equal(t, "api_key_unknown", attempt("/two").Code)
	one, two := attempt("/one"), attempt("/two")
	require.Equal(t, authn.CodeThrottled, one.Code)
	require.Equal(t, http.StatusTooManyRequests, two.Status)
	require.Equal(t, one.Header.Get("Retry-After"), two.Header.Get("Retry-After"))

	w := httptest.NewRecorder()
	figures.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Regexp(t, `gateway_denials_total\{code="authentication_throttled",[^}]*stage="authenticate"[^}]*\} 1`, w.Body.String())
	require.NoError(t, g.Close())
	ended, cancel := context.WithCancel(t.Context())
	cancel() // what was handed over is written all the same
	require.NoError(t, log.Run(ended))
	for _, rule := range []string{"address", "credential"} {
		require.Contains(t, written.String(), `{"stage":"authenticate","verdict":"deny","code":"authentication_throttled","rule":"`+rule+`"}`)
	}
	require.NotContains(t, written.String(), "unknown-key")
}

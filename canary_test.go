package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/admin"
	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/authn/jwt"
	"github.com/seed-f9645bd3/gateway/authz/scope"
	"github.com/seed-f9645bd3/gateway/authz/subscription"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/observability/tracing"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/standard"
)

// A record is all that is written anywhere, and may be written at once.
type record struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.String()
}

// TestACanaryCredentialAppearsNowhere sends credentials through every scheme,
// in every place, good and bad, to routes that serve, refuse, fail and panic,
// and looks for them in the access log, the log of every level, metrics, the
// admin API with its profiles, the spans of traces, explanations and answers.
func TestACanaryCredentialAppearsNowhere(t *testing.T) {
	t.Parallel()
	tokens := gatewaytest.NewTokens(t, "ES256")
	secret := []byte("0123456789abcdef0123456789abcdef")
	path := t.TempDir() + "/secret"
	require.NoError(t, writeFile(path, secret))
	good, err := apikey.NewKey(nil)
	require.NoError(t, err)
	token := tokens.Token(map[string]any{"sub": "ada", "aud": "users", "client_id": "acme", "scope": "users.read"})
	bad := tokens.Token(map[string]any{"sub": "ada", "aud": "another", "client_id": "acme"})
	canaries := []string{good, "canary-key-0123456789abcdef", token, bad, "canary.token.value", "canary-cookie-0123456789", string(secret)}

	var written record
	log, figures := accesslog.New(accesslog.Writer(&written), accesslog.Query(), accesslog.AllDecisions()), metrics.New()
	g, err := gateway.New(standard.Kinds("trace"), gateway.Kinds(tracing.Kind(tracing.Provider(spanProvider{to: &written}))),
		gateway.Logger(slog.New(slog.NewTextHandler(&written, &slog.HandlerOptions{Level: slog.LevelDebug - 8}))),
		gateway.Recorders(log, figures),
		gateway.Upstream("b", http.HandlerFunc(canaryBackend)),
		gateway.Stages(pipeline.Stage{Name: "panicky", Phase: pipeline.Protect, Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				if x.Route.Name == "panic" {
					panic("a stage of one's own")
				}
				return next(ctx, x)
			}
		}}),
		gateway.Source(sourceFunc(func(ctx context.Context, apply func(registry.Update) error) error {
			err := apply(canaryUpdate(tokens, path, apikey.Sum(secret, []byte(good))))
			<-ctx.Done()
			return err
		})),
	)
	require.NoError(t, err)
	end := running(t, g)
	<-g.Ready()
	require.Eventually(t, g.Serving, longest, tick)

	ok := 0
	for _, route := range []string{"/serve", "/scoped", "/fail", "/panic", "/none"} {
		for _, credential := range canaries[:6] {
			for _, r := range canaryRequests(route, credential) {
				w := httptest.NewRecorder()
				e, err := json.Marshal(g.Explain(w, r))
				require.NoError(t, err)
				fmt.Fprintln(&written, string(e), w.Header(), w.Body)
				if w.Code == http.StatusOK {
					ok++
				}
			}
		}
	}
	require.NotZero(t, ok, "good credentials pass")
	for _, page := range []string{
		"/config", "/routes", "/upstreams", "/metrics",
		"/debug/pprof/goroutine?debug=1", "/debug/pprof/heap?debug=1", "/debug/pprof/allocs?debug=1",
	} {
		r, w := httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+page, nil), httptest.NewRecorder()
		admin.New(g, admin.Metrics(figures.Handler()), admin.Pprof(true)).ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code, page)
		fmt.Fprintln(&written, w.Body)
	}
	require.NoError(t, end()) // the access log is flushed
	text := written.String()
	require.Contains(t, text, `"msg":"exchange"`)
	require.Contains(t, text, "panic in an exchange")
	require.Contains(t, text, "span authenticate", "stages are spans")
	for _, c := range canaries {
		require.False(t, strings.Contains(text, c), "%q is told", c)
		if _, signature, found := strings.Cut(c, "."); found {
			require.False(t, strings.Contains(text, signature), "a part of %q is told", c)
		}
	}
}

func canaryBackend(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/fail" {
		panic(http.ErrAbortHandler)
	}
	fmt.Fprint(w, "served")
}

func canaryUpdate(tokens *gatewaytest.Tokens, secretFile string, sum [32]byte) registry.Update {
	authenticate := authn.Policy(authn.Config{AnyOf: []registry.Policy{
		jwt.Policy(jwt.Config{Issuer: tokens.URL(), Audience: "users", JWKSURL: tokens.URL() + "/jwks"}),
		jwt.Policy(jwt.Config{Issuer: tokens.URL(), Audience: "users", JWKSURL: tokens.URL() + "/jwks", Cookie: "token"}),
		apikey.Policy(apikey.Config{
			Header: "X-API-Key", Cookie: "key", Query: "api_key", Secret: registry.Secret{File: secretFile},
		}),
	}})
	route := func(name string, more ...registry.Policy) registry.Route {
		return registry.Route{
			Name: name, API: "users/v1", Match: registry.Match{Path: "/" + name}, Upstream: "b",
			Policies: append([]registry.Policy{tracing.Policy(tracing.Config{Stages: "spans"}), authenticate, subscription.Policy(subscription.Config{})}, more...),
		}
	}
	return registry.Update{
		Snapshot: snapshot("1", route("serve"), route("fail"), route("panic"), route("scoped", scope.Policy(scope.Config{All: []string{"nobody.has"}}))),
		Directory: []registry.Change{
			{Subscription: &registry.Subscription{ID: "s", Consumer: "acme", API: "users/v1", Environment: "test", Active: true, Scopes: []string{"users.read"}}},
			{Credential: &registry.Credential{ID: "k", Consumer: "acme"}, Sum: sum},
		},
	}
}

// canaryRequests puts a credential wherever one can be.
func canaryRequests(route, credential string) []*http.Request {
	var all []*http.Request
	with := func(target string, edit func(r *http.Request)) {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		edit(r)
		all = append(all, r)
	}
	with(route, func(r *http.Request) { r.Header.Set("X-API-Key", credential) })
	with(route, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+credential) })
	with(route, func(r *http.Request) { r.Header.Set("Authorization", "Basic "+credential) })
	with(route, func(r *http.Request) { r.Header.Set("Cookie", "token="+credential+"; key="+credential) })
	with(route+"?api_key="+credential, func(*http.Request) {})
	with(route+"?access_token="+credential+"&token="+credential, func(*http.Request) {})
	return all
}

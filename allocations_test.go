package gateway_test

import (
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/registry"
)

// allocated returns how many allocations the process makes for one call of f,
// on average over many: the least of several rounds, since what goroutines
// beside it do on a busy machine only adds.
func allocated(f func()) float64 {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties pools
	for range 100 {                                  // connections are made, tables have their room
		f()
	}
	least := math.Inf(1)
	for range 5 {
		least = min(least, round(f))
	}
	return least
}

func round(f func()) float64 {
	const calls = 300
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		f()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / calls
}

// document is what the backend answers: 1 KiB of JSON.
func document() string {
	text := `{"id":42,"ssn":"123-45-6789","text":"`
	return text + strings.Repeat("x", 1024-len(text)-2) + `"}`
}

// passing serves a public route among 1,000 others.
func passing(t testing.TB, backend string) (addr string) {
	s := many(1000)
	s.Upstreams = append(s.Upstreams, registry.Upstream{Name: "real", Endpoints: []registry.Endpoint{{URL: "http://" + backend}}})
	s.Routes = append(s.Routes, public("pass", "/pass", "real"))
	_, addr = served(t, gateway.Snapshot(s))
	return addr
}

// A guarded is a gateway with a policy in each phase.
type guarded struct {
	addr  string
	key   string // a field that bears the API key of acme
	token string // a field that bears a token of acme
}

const guardSecret = "0123456789abcdef0123456789abcdef"

// fullChain serves a route that is authenticated by token or API key, authorized by
// subscription, scope and address, limited by plan, looked up in the cache,
// edited, masked, broken, retried and timed out, logged and counted.
func fullChain(t testing.TB, backend string, options ...gateway.Option) guarded {
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	idp := gatewaytest.NewTokens(t, "ES256")
	idp.Issuer = "https://idp.example"
	secret, keys := file("secret", []byte(guardSecret)), file("keys.json", idp.KeySet())
	s := snapshot("1")
	s.Upstreams = []registry.Upstream{{Name: "users", Endpoints: []registry.Endpoint{{URL: "http://" + backend}}}}
	policy := func(kind, config string, args ...any) registry.Policy {
		return registry.Policy{Kind: kind, Config: fmt.Appendf(nil, config, args...)}
	}
	s.Routes = []registry.Route{{
		Name: "get-user", API: "users/v1", Match: registry.Match{Path: "/users/{id}"}, Upstream: "users",
		Policies: []registry.Policy{
			policy("authenticate", `{"any_of":[{"jwt":{"issuer":"https://idp.example","audience":"test","jwks_file":%q}},{"api_key":{"secret":{"file":%q}}}]}`, keys, secret),
			policy("subscription", `{}`),
			policy("scopes", `{"all":["users.read"]}`),
			policy("allow_ips", `{"allow":["127.0.0.0/8"]}`),
			policy("rate_limit", `{}`),
			policy("cache", `{}`),
			policy("headers", `{"request":{"set":{"X-Consumer":"{identity.consumer}"}},"response":{"remove":["X-Internal"]}}`),
			policy("mask", `{"fields":["ssn"]}`),
			policy("breaker", `{}`),
			policy("retry", `{}`),
			policy("timeout", `{"total":"5s","per_try":"2s"}`),
		},
	}}
	log, figures := accesslog.New(accesslog.Writer(io.Discard)), metrics.New()
	g, addr := served(t, append(options, gateway.Snapshot(s), gateway.Recorders(log, figures))...)
	require.NoError(t, g.Apply(t.Context(), registry.Update{Directory: []registry.Change{
		{Plan: &registry.Plan{Name: "gold", Limits: []registry.Limit{{Rate: registry.Rate{Count: 1e9, Per: 1e9}}}}},
		{Subscription: &registry.Subscription{
			ID: "s", Consumer: "acme", API: "users/v1", Environment: "test", Active: true, Plan: &registry.Plan{Name: "gold"}, Scopes: []string{"users.read"},
		}},
		{Credential: &registry.Credential{ID: "k", Consumer: "acme"}, Sum: apikey.Sum([]byte(guardSecret), []byte(benchKey))},
	}}))
	token := idp.Token(map[string]any{"client_id": "acme", "scope": "users.read"})
	return guarded{addr: addr, key: "X-API-Key: " + benchKey, token: "Authorization: Bearer " + token}
}

// bareServer serves h by net/http alone.
func bareServer(t testing.TB, h http.HandlerFunc) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &http.Server{Handler: h}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	return l.Addr().String()
}

// ready is a handler that has its answer at hand, and n fields in its head.
func ready(n int) http.HandlerFunc {
	body, head := []byte(document()), http.Header{
		"Content-Type": {"application/json"}, "Content-Length": {"1024"}, "Date": {"Tue, 15 Nov 1994 08:12:31 GMT"},
	}
	for i := len(head); i < n; i++ {
		head[fmt.Sprint("X-Field-", i)] = []string{"value"}
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for name, values := range head {
			h[name] = values
		}
		_, _ = w.Write(body)
	}
}

// TestAllocationsOfARequest counts what a whole request allocates in the
// process of the gateway, between raw sockets that allocate nothing, beside
// what the server of net/http takes for a handler that does nothing else. It
// runs alone: it counts the allocations of the process.
func TestAllocationsOfARequest(t *testing.T) {
	if raced {
		t.Skip("the race detector drops what pools hold")
	}
	backend := origin(t, document(), "Content-Type: application/json")
	chatty := origin(t, document(), "Content-Type: application/json", "Cache-Control: no-store", "X-Frame-Options: DENY")
	pass, guard, wide := passing(t, backend), fullChain(t, backend), fullChain(t, chatty)
	for _, test := range []struct {
		name string
		line *line
		most float64
	}{
		{"a handler that does nothing", dial(t, bareServer(t, func(http.ResponseWriter, *http.Request) {}), "/", usual()...), 16},
		{"a handler that has its answer at hand", dial(t, bareServer(t, ready(3)), "/", usual()...), 20},
		{"the same, with a credential, and a head of ten fields", dial(t, bareServer(t, ready(10)), "/", usual(guard.key)...), 27},
		{"pass-through among 1,000 routes", dial(t, pass, "/pass", usual()...), 26},
		{"the full chain, by API key", dial(t, guard.addr, "/users/42", usual(guard.key)...), 36},
		{"the full chain, by token", dial(t, guard.addr, "/users/42", usual(guard.token)...), 36},
		{"the full chain, and a head of ten fields", dial(t, wide.addr, "/users/42", usual(wide.key)...), 41},
	} {
		answer := string(test.line.ask(t))
		require.True(t, strings.HasPrefix(answer, "HTTP/1.1 200 "), "%s: %s", test.name, answer)
		got := allocated(func() { test.line.ask(t) })
		t.Logf("%-55s %5.2f", test.name, got)
		require.Less(t, got, test.most+0.5, "allocations of %s", test.name) // a fraction is of goroutines beside it
	}
	require.Contains(t, string(dial(t, guard.addr, "/users/42", usual(guard.key)...).ask(t)), `"ssn":"***"`, "it is the full chain")
}

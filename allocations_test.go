package gateway_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"sync"
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
// on average over n.
func allocated(n int, f func()) float64 {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties pools
	for range 100 {
		f()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		f()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n)
}

func serveHTTP(t testing.TB, h http.Handler) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &http.Server{Handler: h}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

func fullChain(t testing.TB, origin string) (addr string, keyed, token []string) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("0123456789abcdef0123456789abcdef"), 0o600))
	idp := gatewaytest.NewTokens(t, "ES256")
	idp.Issuer = "https://idp.example"
	keys := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, os.WriteFile(keys, idp.KeySet(), 0o600))
	s := snapshot("1")
	s.Upstreams = []registry.Upstream{{Name: "u", Endpoints: []registry.Endpoint{{URL: "http://" + origin}}}}
	s.Edge = []registry.Policy{}
	policy := func(kind, config string) registry.Policy {
		return registry.Policy{Kind: kind, Config: []byte(config)}
	}
	s.Routes = []registry.Route{{
		Name: "full", API: "users/v1", Match: registry.Match{Path: "/users/{id}"}, Upstream: "u",
		Policies: []registry.Policy{
			policy("authenticate", fmt.Sprintf(`{"any_of":[{"jwt":{"issuer":"https://idp.example","audience":"test","jwks_file":%q}},{"api_key":{"secret":{"file":%q}}}]}`, keys, secret)),
			policy("subscription", `{}`),
			policy("scopes", `{"all":["users.read"]}`),
			policy("allow_ips", `{"allow":["127.0.0.0/8"]}`),
			policy("rate_limit", `{}`),
			policy("cache", `{"ttl":"1m"}`),
			policy("headers", `{"request":{"set":{"X-Consumer":"{identity.consumer}"}},"response":{"set":{"X-Api":"users"}}}`),
			policy("mask", `{"fields":["ssn"]}`),
			policy("breaker", `{}`),
			policy("retry", `{}`),
			policy("timeout", `{"total":"5s","per_try":"2s"}`),
		},
	}}
	log, figures := accesslog.New(accesslog.Writer(io.Discard)), metrics.New()
	g, addr := served(t, gateway.Snapshot(s), gateway.Recorders(log, figures))
	require.NoError(t, g.Apply(t.Context(), registry.Update{Directory: []registry.Change{
		{Plan: &registry.Plan{Name: "gold", Limits: []registry.Limit{{Rate: registry.Rate{Count: 1e9, Per: 1e9}}}}},
		{Subscription: &registry.Subscription{ID: "s", Consumer: "acme", API: "users/v1", Environment: "test", Active: true, Plan: &registry.Plan{Name: "gold"}, Scopes: []string{"users.read"}}},
		{Credential: &registry.Credential{ID: "k", Consumer: "acme"}, Sum: apikey.Sum([]byte("0123456789abcdef0123456789abcdef"), []byte(benchKey))},
	}}))
	tok := idp.Token(map[string]any{"client_id": "acme", "scope": "users.read"})
	return addr, usual("X-API-Key: " + benchKey), usual("Authorization: Bearer " + tok)
}

func TestExplore(t *testing.T) {
	body := `{"id":42,"ssn":"123-45-6789","text":"`
	body += strings.Repeat("x", 1024-len(body)-2) + `"}`
	back := origin(t, body, "Content-Type: application/json", "Cache-Control: no-store")
	target, _ := url.Parse("http://" + back)
	bare := &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:  &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		BufferPool: &buffers{pool: sync.Pool{New: func() any { return make([]byte, 32<<10) }}},
	}
	raw := []byte(body)
	s := many(100)
	s.Upstreams = append(s.Upstreams, registry.Upstream{Name: "raw", Endpoints: []registry.Endpoint{{URL: "http://" + back}}})
	s.Routes = append(s.Routes, public("pass", "/pass", "raw"))
	_, pass := served(t, gateway.Snapshot(s))
	full, keyed, token := fullChain(t, back)
	for _, c := range []struct {
		name string
		w    *wire
	}{
		{"origin", dial(t, back, "/pass", usual()...)},
		{"empty", dial(t, serveHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {})), "/pass", usual()...)},
		{"1KiB", dial(t, serveHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h["Content-Type"] = ctype
			h["Content-Length"] = clen
			h["Date"] = clen
			w.Write(raw)
		})), "/pass", usual()...)},
		{"4f chunk", dial(t, serveHTTP(t, fieldsHandler(4, raw, true)), "/pass", usual("X-API-Key: "+benchKey)...)},
		{"7f", dial(t, serveHTTP(t, fieldsHandler(7, raw, false)), "/pass", usual("X-API-Key: "+benchKey)...)},
		{"8f", dial(t, serveHTTP(t, fieldsHandler(8, raw, false)), "/pass", usual("X-API-Key: "+benchKey)...)},
		{"9f", dial(t, serveHTTP(t, fieldsHandler(9, raw, false)), "/pass", usual("X-API-Key: "+benchKey)...)},
		{"10f", dial(t, serveHTTP(t, fieldsHandler(10, raw, false)), "/pass", usual("X-API-Key: "+benchKey)...)},
		{"10f chunk", dial(t, serveHTTP(t, fieldsHandler(10, raw, true)), "/pass", usual("X-API-Key: "+benchKey)...)},
		{"bare", dial(t, serveHTTP(t, bare), "/pass", usual()...)},
		{"pass", dial(t, pass, "/pass", usual()...)},
		{"full key", dial(t, full, "/users/42", keyed...)},
		{"full token", dial(t, full, "/users/42", token...)},
	} {
		if p := os.Getenv("PROF"); p != "" && p != c.name {
			continue
		}
		got := c.w.ask(t)
		if !strings.HasPrefix(string(got), "HTTP/1.1 200") {
			t.Errorf("%s", got)
		}
		if os.Getenv("SHOW") == c.name {
			t.Logf("%s", got)
		}
		prof := os.Getenv("PROF") == c.name
		if prof {
			runtime.MemProfileRate = 1
		}
		f, _ := os.Create("/tmp/d-edge-before.prof")
		if prof {
			for range 200 {
				c.w.ask(t)
			}
			runtime.GC()
			runtime.GC()
			pprof.Lookup("allocs").WriteTo(f, 0)
		}
		f.Close()
		n := allocated(2000, func() { c.w.ask(t) })
		if prof {
			runtime.GC()
			runtime.GC()
			f, _ := os.Create("/tmp/d-edge-after.prof")
			pprof.Lookup("allocs").WriteTo(f, 0)
			f.Close()
			runtime.MemProfileRate = 0
		}
		t.Logf("%-12s %.2f", c.name, n)
	}
}

var ctype, clen = []string{"application/json"}, []string{"1024"}

func fieldsHandler(n int, raw []byte, chunked bool) http.Handler {
	values := map[string][]string{}
	for i := range n {
		values[fmt.Sprintf("X-F%d", i)] = []string{"value"}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for name, v := range values {
			h[name] = v
		}
		if !chunked {
			delete(h, "X-F0")
			h["Content-Length"] = clen
		}
		h["Content-Type"] = ctype
		h["Date"] = clen
		if chunked {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
		}
		w.Write(raw)
		if chunked {
			w.(http.Flusher).Flush()
		}
	})
}

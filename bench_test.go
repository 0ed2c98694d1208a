package gateway_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/authz/subscription"
	"github.com/seed-f9645bd3/gateway/gatewaytest/clienttest"
	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

const benchKey = "benchmark-key-0123456789"

// contenders are what the benchmarks compare, each in front of one backend:
// the standard library's proxy with what it needs to be fast, our pass-through
// among 10,000 routes, and a call that is authenticated by API key, authorized
// by subscription, limited by plan, logged and counted.
func contenders(b *testing.B, backend string) map[string]http.Handler {
	b.Setenv("BENCH_KEY_SECRET", "0123456789abcdef0123456789abcdef")
	target, err := url.Parse(backend)
	require.NoError(b, err)
	bare := &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:  &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		BufferPool: &buffers{pool: sync.Pool{New: func() any { return make([]byte, 32<<10) }}},
	}
	s := many(10_000)
	s.Upstreams = append(s.Upstreams, clienttest.Of(registry.Upstream{Name: "bench", Endpoints: []registry.Endpoint{{URL: backend}}}))
	limited := registry.Route{
		Name: "limited", API: "bench/v1", Match: registry.Match{Path: "/limited"}, Upstream: "bench",
		Policies: []registry.Policy{
			authn.Policy(authn.Config{AnyOf: []registry.Policy{apikey.Policy(apikey.Config{Secret: registry.Secret{Env: "BENCH_KEY_SECRET"}})}}),
			subscription.Policy(subscription.Config{}),
			ratelimit.Policy(ratelimit.Config{}),
		},
	}
	s.Routes = append(s.Routes, public("pass", "/pass", "bench"), limited)
	log, figures := accesslog.New(accesslog.Writer(io.Discard)), metrics.New()
	plain := newGateway(b)
	apply(b, plain, s)
	full := newGateway(b, gateway.Recorders(log, figures))
	require.NoError(b, full.Apply(b.Context(), registry.Update{Snapshot: s, Directory: []registry.Change{
		{Plan: &registry.Plan{Name: "gold", Limits: []registry.Limit{{Rate: registry.Rate{Count: 1e9, Per: 1e9}}}}},
		{Subscription: &registry.Subscription{ID: "s", Consumer: "acme", API: "bench/v1", Environment: "test", Active: true, Plan: &registry.Plan{Name: "gold"}}},
		{Credential: &registry.Credential{ID: "k", Consumer: "acme"}, Sum: apikey.Sum([]byte("0123456789abcdef0123456789abcdef"), []byte(benchKey))},
	}}))
	return map[string]http.Handler{"reverse_proxy": bare, "pass": plain, "limited": full}
}

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte { return b.pool.Get().([]byte) }

func (b *buffers) Put(p []byte) {
	//lint:ignore SA6002 the interface is the standard library's
	b.pool.Put(p)
}

// BenchmarkRequest measures a whole request over loopback, client and backend
// included, which are the same for all.
func BenchmarkRequest(b *testing.B) {
	body := bytes.Repeat([]byte("x"), 1024)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	b.Cleanup(backend.Close)
	handlers := contenders(b, backend.URL)
	for _, name := range []string{"reverse_proxy", "pass", "limited"} {
		b.Run(name, func(b *testing.B) {
			front := httptest.NewServer(handlers[name])
			b.Cleanup(front.Close)
			path := map[string]string{"reverse_proxy": "/pass"}[name]
			if path == "" {
				path = "/" + name
			}
			req, err := http.NewRequest(http.MethodGet, front.URL+path, nil)
			require.NoError(b, err)
			req.Header.Set("X-API-Key", benchKey)
			b.ReportAllocs()
			for b.Loop() {
				resp, err := http.DefaultClient.Do(req)
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Fatal(err, fmt.Sprint(resp))
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
}

package cache_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/cache/memory"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// answers is a backend that always answers the same.
func answers(body string, pairs ...string) pipeline.Handler {
	return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, http.StatusOK, "application/json", []byte(body))
		for i := 0; i+1 < len(pairs); i += 2 {
			resp.Header.Set(pairs[i], pairs[i+1])
		}
		return resp, nil
	}
}

func benchHandler(b *testing.B, inner []pipeline.Stage, h pipeline.Handler) pipeline.Handler {
	b.Helper()
	stage, err := cache.New(gatewaytest.Env(b), memory.New(memory.Config{}), cache.Config{})
	require.NoError(b, err)
	require.NoError(b, stage.Inner(inner))
	return stage.Wrap(h)
}

// send drives one exchange to its end. The exchange is part of what is
// measured.
func send(b *testing.B, h pipeline.Handler, in *http.Request, sub *registry.Subscription) {
	x := pipeline.Exchange{In: in, Scheme: "http", Environment: "test", Subscription: sub}
	resp, err := h(b.Context(), &x)
	if err != nil {
		b.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, struct{ io.Reader }{resp.Body})
	_ = resp.Body.Close()
}

func BenchmarkHit(b *testing.B) {
	vary := func(*pipeline.Exchange) string { return "" }
	tests := map[string]struct {
		inner  []pipeline.Stage
		fields []string
		target string
	}{
		"plain":       {target: "/things/1"},
		"query":       {target: "/things/1?a=1&b=2"},
		"vary":        {target: "/things/1", fields: []string{"Vary", "Accept-Encoding"}},
		"four stages": {target: "/things/1", inner: []pipeline.Stage{{Vary: vary}, {Vary: vary}, {Vary: vary}, {Vary: vary}}},
		"any stage":   {target: "/things/1", inner: []pipeline.Stage{{Name: "unsaid"}}},
	}
	for name, test := range tests {
		b.Run(name, func(b *testing.B) {
			fields := append([]string{"Cache-Control", "max-age=3600", "Etag", `"e"`}, test.fields...)
			h := benchHandler(b, test.inner, answers(strings.Repeat("a", 1024), fields...))
			in := gatewaytest.NewExchange(http.MethodGet, test.target, with("Accept-Encoding", "gzip")).In
			sub := &registry.Subscription{ID: "sub-1", Consumer: "acme", API: "users/v2"}
			send(b, h, in, sub)
			b.ReportAllocs()
			for b.Loop() {
				send(b, h, in, sub)
			}
		})
	}
}

func BenchmarkMiss(b *testing.B) {
	h := benchHandler(b, nil, answers(strings.Repeat("a", 1024), "Cache-Control", "max-age=3600"))
	b.ReportAllocs()
	i := 0
	in := gatewaytest.NewExchange(http.MethodGet, "/things/1").In
	for b.Loop() {
		i++
		in.URL.Path = fmt.Sprintf("/things/%d", i)
		send(b, h, in, nil)
	}
}

func BenchmarkNotStored(b *testing.B) {
	h := benchHandler(b, nil, answers(strings.Repeat("a", 1024), "Cache-Control", "no-store"))
	in := gatewaytest.NewExchange(http.MethodGet, "/things/1").In
	b.ReportAllocs()
	for b.Loop() {
		send(b, h, in, nil)
	}
}

func BenchmarkBypass(b *testing.B) {
	h := benchHandler(b, nil, answers(strings.Repeat("a", 1024)))
	in := gatewaytest.NewExchange(http.MethodGet, "/things/1", with("Range", "bytes=0-")).In
	b.ReportAllocs()
	for b.Loop() {
		send(b, h, in, nil)
	}
}

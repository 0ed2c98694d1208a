package upstream_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
)

func BenchmarkRoundRobin(b *testing.B) {
	balancer, set := upstream.NewRoundRobin(), endpoints(b, 3, 2, 1)
	b.ReportAllocs()
	for b.Loop() {
		balancer.Pick(nil, set)
	}
}

func BenchmarkServe(b *testing.B) {
	kib := make([]byte, 1<<10)
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(kib) })
	for _, c := range []struct {
		name  string
		serve pipeline.Handler
	}{
		{"over the network", overNetwork(b, h).Serve},
		{"in process", upstream.Handler(h)},
	} {
		b.Run(c.name, func(b *testing.B) {
			in := httptest.NewRequest("GET", "/users/7", nil)
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				x := &pipeline.Exchange{In: in, Scheme: "http"}
				x.Hasten(time.Now().Add(time.Second))
				resp, err := c.serve(ctx, x)
				require.NoError(b, err)
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				_ = x.Finish(&pipeline.Summary{})
			}
		})
	}
}

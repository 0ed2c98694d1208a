package upstream_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
)

func BenchmarkPick(b *testing.B) {
	x := gatewaytest.NewExchange("GET", "/", gatewaytest.Header("Cookie", "a=b; sid=77"), gatewaytest.Client("10.0.0.1"))
	for _, c := range []struct {
		name     string
		balancer upstream.Balancer
	}{
		{"round_robin", upstream.NewRoundRobin()},
		{"least_connections", upstream.NewLeastConnections()},
		{"random_two", upstream.NewRandomTwo(nil)},
		{"hash", newHash(b, upstream.HashConfig{Cookie: "sid"})},
	} {
		for _, n := range []int{3, 100} {
			b.Run(fmt.Sprintf("%s of %d", c.name, n), func(b *testing.B) {
				set := endpoints(b, make([]int, n)...)
				b.ReportAllocs()
				for b.Loop() {
					c.balancer.Pick(x, set)
				}
			})
		}
	}
}

func BenchmarkServe(b *testing.B) {
	kib := make([]byte, 1<<10)
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(kib) })
	for _, c := range []struct {
		name  string
		serve pipeline.Handler
	}{
		{"direct", overNetwork(b, "direct", h).Serve},
		{"net_http", overNetwork(b, "net_http", h).Serve},
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

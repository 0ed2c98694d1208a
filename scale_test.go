package gateway_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
	"github.com/seed-f9645bd3/gateway/transform/header"
)

// many returns a snapshot of n routes with the policies that routes usually
// have.
func many(n int) *registry.Snapshot {
	s := snapshot("1")
	s.Upstreams = []registry.Upstream{{Name: "u", Endpoints: []registry.Endpoint{{URL: "http://127.0.0.1:1"}}}}
	for i := range n {
		s.Routes = append(s.Routes, registry.Route{
			Name:    fmt.Sprintf("route-%d", i),
			API:     fmt.Sprintf("api-%d/v1", i/10),
			Match:   registry.Match{Methods: []string{"GET"}, Path: fmt.Sprintf("/api-%d/resource-%d/{id}", i/10, i)},
			Rewrite: fmt.Sprintf("/resource-%d/{id}", i), Upstream: "u",
			Policies: []registry.Policy{
				header.Policy(header.Config{Request: header.Edits{Set: map[string]string{"X-Route": "{route.name}"}}}),
				resilience.TimeoutPolicy(resilience.TimeoutConfig{Total: registry.Duration(time.Second)}),
				resilience.RetryPolicy(resilience.RetryConfig{Attempts: 2}),
				authz.PublicPolicy(),
			},
		})
	}
	return s
}

// BenchmarkApply measures what 10,000 routes cost: all of them compiled, and
// one changed among them.
func BenchmarkApply(b *testing.B) {
	s := many(10_000)
	b.Run("10000 routes compiled", func(b *testing.B) {
		for b.Loop() {
			g := newGateway(b)
			apply(b, g, s)
			b.StopTimer()
			require.NoError(b, g.Close())
			b.StartTimer()
		}
	})
	b.Run("one changed of 10000", func(b *testing.B) {
		g := newGateway(b)
		apply(b, g, s)
		version := 0
		for b.Loop() {
			version++
			apply(b, g, altered(s, version))
		}
	})
}

// altered returns the snapshot with one route changed.
func altered(s *registry.Snapshot, version int) *registry.Snapshot {
	next := *s
	next.Version = fmt.Sprint(version + 1)
	next.Routes = append([]registry.Route(nil), s.Routes...)
	next.Routes[version%len(next.Routes)].Rewrite = fmt.Sprintf("/version-%d/{id}", version)
	return &next
}

func TestTenThousandRoutes(t *testing.T) {
	t.Parallel()
	g, s := newGateway(t), many(10_000)
	start := time.Now()
	apply(t, g, s)
	compiled := time.Since(start)
	start = time.Now()
	require.NoError(t, g.Apply(context.Background(), registry.Update{Snapshot: altered(s, 7)}))
	t.Logf("10,000 routes compiled in %v, applied again with one changed in %v", compiled, time.Since(start))
	before := g.Routes()
	require.Len(t, before, 10_000)
	require.Equal(t, "/version-7/{id}", before[7].Rewrite)
}

var _ = gateway.New

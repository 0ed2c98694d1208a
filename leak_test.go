package gateway_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/registry"
)

// generation returns the snapshot of one version, of which every route differs
// from the one before, and so do breaker, cache and upstream.
func generation(version int) *registry.Snapshot {
	s := snapshot(fmt.Sprint(version))
	s.Upstreams = []registry.Upstream{{
		Name: "u", Endpoints: []registry.Endpoint{{URL: fmt.Sprintf("http://127.0.0.1:%d", 1+version%2)}},
		Health: registry.Health{Passive: &registry.PassiveHealth{ConsecutiveFailures: 1 + version%2}},
	}}
	for i := range 10 {
		policies := []registry.Policy{
			{Kind: "headers", Config: fmt.Appendf(nil, `{"request":{"set":{"X-Version":"%d"}}}`, version)},
			{Kind: "rate_limit", Config: fmt.Appendf(nil, `{"per":"address","rate":"%d/s"}`, 1000+version%2)},
			{Kind: "cache", Config: fmt.Appendf(nil, `{"ttl":"%dm"}`, 1+version%2)},
			{Kind: "breaker", Config: fmt.Appendf(nil, `{"consecutive_failures":%d}`, 1+version%2)},
			{Kind: "retry", Config: []byte(`{"attempts":2}`)},
		}
		s.Routes = append(s.Routes, public(fmt.Sprint("r", i), fmt.Sprintf("/r%d", i), "u", policies...))
	}
	s.Routes = append(s.Routes, public("own", "/own", "b"))
	return s
}

// TestReloadsLeaveNothing applies one configuration after the other, each with
// every route new. It runs alone: it measures the heap of the process.
func TestReloadsLeaveNothing(t *testing.T) {
	reloads := 500
	if os.Getenv("GATEWAY_LOAD") == "full" {
		reloads = 10_000
	}
	g := newGateway(t, gateway.Upstream("b", text("b")), gateway.Draining(gateway.Drain{Delay: time.Millisecond}))
	run := func(from, n int) {
		for version := from; version < from+n; version++ {
			apply(t, g, generation(version))
			status, _ := get(g, "/own")
			require.Equal(t, 200, status)
		}
		require.Eventually(t, func() bool { return g.Config().Retiring == 0 }, longest, tick, "routes of before are open")
	}
	run(1, 100)
	heap, goroutines := settle()
	run(101, reloads)
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines+4 }, longest, tick,
		"goroutines are left: %d at the start", goroutines)
	heapAfter, goroutinesAfter := settle()
	t.Logf("%d reloads of %d routes: heap %d -> %d KiB, goroutines %d -> %d",
		reloads, len(generation(0).Routes), heap>>10, heapAfter>>10, goroutines, goroutinesAfter)
	require.LessOrEqual(t, float64(heapAfter), float64(heap)*1.05+float64(128<<10))
}

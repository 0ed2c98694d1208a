package gateway_test

import (
	"runtime"
	"sync"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// TestNoExchangeIsKept: once its connection has served the next one, nothing
// of the gateway, the client towards backends, or the cache holds an exchange
// any more.
func TestNoExchangeIsKept(t *testing.T) {
	t.Parallel()
	backend := origin(t, document(), "Content-Type: application/json", "Cache-Control: max-age=60", "Vary: Accept")
	var mu sync.Mutex
	var all []weak.Pointer[pipeline.Exchange]
	watch := recording(func(*registry.Route) func(*pipeline.Exchange, *pipeline.Summary) {
		return func(x *pipeline.Exchange, _ *pipeline.Summary) {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, weak.Make(x))
		}
	})
	guard := fullChain(t, backend, gateway.Recorders(watch))
	for _, path := range []string{"/users/1", "/users/1", "/users/2", "/nowhere"} {
		w := dial(t, guard.addr, path, usual(guard.key)...)
		for range 5 {
			w.ask(t)
		}
		_ = w.conn.Close()
	}
	require.Eventually(t, func() bool {
		runtime.GC()
		mu.Lock()
		defer mu.Unlock()
		held := 0
		for _, x := range all {
			if x.Value() != nil {
				held++
			}
		}
		return len(all) == 20 && held == 0
	}, longest, tick, "exchanges are kept")
}

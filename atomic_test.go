package gateway_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/header"
)

// numbered is a configuration that says its number in the edge chain, on the
// way out and on the way back.
func numbered(n int) *registry.Snapshot {
	number := strconv.Itoa(n)
	s := snapshot(number, public("r", "/", "echo", header.Policy(header.Config{
		Request:  header.Edits{Set: map[string]string{"X-Out": number}},
		Response: header.Edits{Set: map[string]string{"X-Back": number}},
	})))
	s.Edge = []registry.Policy{header.Policy(header.Config{Response: header.Edits{Set: map[string]string{"X-Edge": number}}})}
	return s
}

func TestARequestSeesAllOfOneConfiguration(t *testing.T) {
	t.Parallel()
	const reloads, callers = 200, 4
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Echo", r.Header.Get("X-Out")) })
	g := newGateway(t, gateway.Upstream("echo", echo), gateway.Snapshot(numbered(0)))
	over := make(chan struct{})
	var wait sync.WaitGroup
	for range callers {
		wait.Go(func() {
			for {
				w := httptest.NewRecorder()
				g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
				seen := []string{w.Header().Get("X-Edge"), w.Header().Get("X-Echo"), w.Header().Get("X-Back")}
				if w.Code != http.StatusOK || seen[0] == "" || seen[0] != seen[1] || seen[1] != seen[2] {
					t.Errorf("status %d, and the configurations %q in one answer", w.Code, seen)
					return
				}
				select {
				case <-over:
					return
				default:
				}
			}
		})
	}
	for n := range reloads {
		apply(t, g, numbered(n+1))
	}
	close(over)
	wait.Wait()
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Equal(t, strconv.Itoa(reloads), w.Header().Get("X-Edge"))
}

// A request that stays in an edge chain beyond the drain delay, while that is
// replaced, is refused: no route of its own configuration is left.
func TestALateRequestMeetsNoRouteOfAnotherEdgeChain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stays  time.Duration
		status int
		body   string
	}{
		"within the drain delay it finds its route": {900 * time.Millisecond, http.StatusOK, "old"},
		"beyond it, it is refused":                  {1100 * time.Millisecond, http.StatusServiceUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				slow := pipeline.NewKind("slow", func(*pipeline.Env, struct{}) ([]pipeline.Stage, error) {
					return []pipeline.Stage{{Name: "slow", Phase: pipeline.Guard, Wrap: func(next pipeline.Handler) pipeline.Handler {
						return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
							time.Sleep(c.stays) // virtual
							return next(ctx, x)
						}
					}}}, nil
				})
				began := snapshot("1", public("old", "/", "old"))
				began.Edge = []registry.Policy{registry.NewPolicy("slow", struct{}{})}
				g := newGateway(t, gateway.Kinds(slow), gateway.Upstream("old", text("old")), gateway.Upstream("new", text("new")), gateway.Snapshot(began))
				w, served := httptest.NewRecorder(), make(chan struct{})
				go func() {
					defer close(served)
					g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
				}()
				synctest.Wait()
				apply(t, g, snapshot("2", public("new", "/", "new")))
				<-served
				require.Equal(t, c.status, w.Code)
				if c.body != "" {
					require.Equal(t, c.body, w.Body.String())
				}
				require.NoError(t, g.Close())
			})
		})
	}
}

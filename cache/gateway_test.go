package cache_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/cache/memory"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/header"
)

// quiet is a kind whose stage does not tell what it depends on.
func quiet() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind("quiet", func(*pipeline.Env, struct{}) ([]pipeline.Stage, error) {
		return []pipeline.Stage{{Name: "quiet", Phase: pipeline.Transform, Wrap: func(next pipeline.Handler) pipeline.Handler { return next }}}, nil
	})
}

// newGateway makes a whole gateway before a backend that numbers its answers.
func newGateway(t *testing.T, policies ...registry.Policy) (*gateway.Gateway, *atomic.Int64) {
	t.Helper()
	calls := &atomic.Int64{}
	backend := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Etag", `"e"`)
		fmt.Fprintf(w, "%s %d", r.URL.Path, calls.Add(1))
	})
	g, err := gateway.New(gateway.Upstream("things", backend),
		gateway.Kinds(cache.Kind(), memory.Kind(), authz.PublicKind(), header.Kind(), quiet()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = g.Close() })
	require.NoError(t, apply(t, g, "1", policies...))
	return g, calls
}

func apply(t *testing.T, g *gateway.Gateway, version string, policies ...registry.Policy) error {
	t.Helper()
	return g.Apply(t.Context(), registry.Update{Snapshot: &registry.Snapshot{
		Version: version, Environment: "test",
		Routes: []registry.Route{{
			Name: "things", Match: registry.Match{Path: "/{rest...}"}, Upstream: "things", Rewrite: "/inner/{rest...}",
			Policies: append(policies, authz.PublicPolicy()),
		}},
	}})
}

func ask(g http.Handler, method, target string, pairs ...string) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(pairs); i += 2 {
		r.Header.Add(pairs[i], pairs[i+1])
	}
	g.ServeHTTP(w, r)
	return w
}

func TestAWholeGatewayAnswersFromItsCache(t *testing.T) {
	t.Parallel()
	g, calls := newGateway(t, cache.Policy(cache.Config{}))
	require.Equal(t, "/inner/a 1", ask(g, http.MethodGet, "/a").Body.String())
	w := ask(g, http.MethodGet, "/a")
	require.Equal(t, "/inner/a 1", w.Body.String())
	require.Contains(t, w.Header().Get("Cache-Status"), "gateway; hit; ttl=")
	require.NotEmpty(t, w.Header().Get("Age"))
	require.Equal(t, "10", w.Header().Get("Content-Length"))

	require.Equal(t, http.StatusNotModified, ask(g, http.MethodGet, "/a", "If-None-Match", `"e"`).Code)
	w = ask(g, http.MethodHead, "/a")
	require.Equal(t, "10", w.Header().Get("Content-Length"))
	require.Empty(t, w.Body.String())
	require.EqualValues(t, 1, calls.Load())

	ask(g, http.MethodDelete, "/a")
	require.Equal(t, "/inner/a 3", ask(g, http.MethodGet, "/a").Body.String())
	w = ask(g, http.MethodGet, "/b", "Cache-Control", "only-if-cached")
	require.Equal(t, http.StatusGatewayTimeout, w.Code)
	require.Contains(t, w.Body.String(), cache.CodeNotCached)
}

func TestEntriesOutliveReloadsThatDoNotConcernThem(t *testing.T) {
	t.Parallel()
	g, _ := newGateway(t, cache.Policy(cache.Config{}))
	require.Equal(t, "/inner/a 1", ask(g, http.MethodGet, "/a").Body.String())
	require.NoError(t, apply(t, g, "2", cache.Policy(cache.Config{})))
	require.Equal(t, "/inner/a 1", ask(g, http.MethodGet, "/a").Body.String())
	edited := header.Policy(header.Config{Response: header.Edits{Set: map[string]string{"X-A": "1"}}})
	require.NoError(t, apply(t, g, "3", cache.Policy(cache.Config{}), edited))
	w := ask(g, http.MethodGet, "/a")
	require.Equal(t, "/inner/a 2", w.Body.String(), "what was made without the new policy is out of reach")
	require.Equal(t, "1", w.Header().Get("X-A"))
	require.Equal(t, "1", ask(g, http.MethodGet, "/a").Header().Get("X-A"))
}

func TestASharedCacheAroundAQuietStageDoesNotLoad(t *testing.T) {
	t.Parallel()
	g, _ := newGateway(t, cache.Policy(cache.Config{}), registry.Policy{Kind: "quiet"})
	err := apply(t, g, "2", cache.Policy(cache.Config{Shared: true}), registry.Policy{Kind: "quiet"})
	require.ErrorContains(t, err, `stage "quiet"`)
	require.ErrorContains(t, err, `route "things"`)
	require.NoError(t, apply(t, g, "3", cache.Policy(cache.Config{Shared: true})))
}

func TestACacheDoesNotStandAroundTheRouter(t *testing.T) {
	t.Parallel()
	g, _ := newGateway(t)
	err := g.Apply(t.Context(), registry.Update{Snapshot: &registry.Snapshot{
		Version: "2", Environment: "test", Edge: []registry.Policy{cache.Policy(cache.Config{})},
	}})
	require.ErrorContains(t, err, "edge chain")
}

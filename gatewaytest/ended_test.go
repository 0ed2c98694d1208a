package gatewaytest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// TestAGatewayFindsWhoKeepsAnExchange: a stage keeps one, looks at it, and
// writes to it, when the next comes.
func TestAGatewayFindsWhoKeepsAnExchange(t *testing.T) {
	t.Parallel()
	var kept *pipeline.Exchange
	var header http.Header
	var looked any
	stage := pipeline.Stage{Name: "keeping", Phase: pipeline.Guard, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			if kept != nil {
				looked = guard(func() error { _ = kept.Get("X-Secret"); return nil })
				kept.Decide(pipeline.Decision{Stage: "keeping", Verdict: pipeline.Pass})
			} else {
				kept, header = x, x.In.Header
			}
			return next(ctx, x)
		}
	}}
	d := &double{scopedTB: &scopedTB{TB: t}}
	g := New(d, &registry.Snapshot{
		Version: "v1", Environment: "test",
		Routes: []registry.Route{{
			Name: "one", Match: registry.Match{Path: "/"}, Upstream: "b", Policies: []registry.Policy{authz.PublicPolicy()},
		}},
	}, gateway.Kinds(authz.PublicKind()), gateway.Stages(stage))
	for range 2 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("X-Secret", "of the caller before")
		require.Equal(t, 200, g.Do(r).Status)
		require.Equal(t, "of the caller before", r.Header.Get("X-Secret"), "the request of the test is its own")
	}
	d.end()
	require.ErrorContains(t, looked.(error), "nil pointer")
	require.NotContains(t, header.Get("X-Secret"), "of the caller before")
	require.True(t, d.Failed())
	require.Contains(t, d.log.String(), "an exchange was written to after its end")
}

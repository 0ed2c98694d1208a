package resilience_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

// late is a body whose end comes a second after its begin.
type late struct{ begun bool }

func (l *late) Read(p []byte) (int, error) {
	if !l.begun {
		l.begun = true
		return copy(p, "begin"), nil
	}
	time.Sleep(time.Second) // in a bubble
	return copy(p, "end"), io.EOF
}

func TestASlowClientOpensNoBreaker(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		policies []registry.Policy
		length   int64
		want     int
	}{
		"its body is kept for retries":       {[]registry.Policy{resilience.RetryPolicy(resilience.RetryConfig{})}, 8, http.StatusGatewayTimeout},
		"its body of known length streams":   {nil, 8, http.StatusRequestTimeout},
		"its body of unknown length streams": {nil, -1, http.StatusRequestTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := gatewaytest.New(t, &registry.Snapshot{Version: "1", Environment: "test", Routes: []registry.Route{{
					Name: "things", Match: registry.Match{Path: "/things"}, Upstream: "things",
					Policies: append(test.policies, authz.PublicPolicy(),
						resilience.TimeoutPolicy(resilience.TimeoutConfig{Total: registry.Duration(time.Second / 2)}),
						resilience.BreakerPolicy(resilience.BreakerConfig{ConsecutiveFailures: 1})),
				}}}, gateway.Kinds(authz.PublicKind(), resilience.RetryKind(), resilience.TimeoutKind(), resilience.BreakerKind()))
				g.Backend("things", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
				slow := httptest.NewRequest(http.MethodPut, "/things", &late{})
				slow.ContentLength = test.length
				require.Equal(t, test.want, g.Do(slow).Status)
				require.Equal(t, http.StatusOK, g.Do(httptest.NewRequest(http.MethodGet, "/things", nil)).Status)
				time.Sleep(time.Second) // until the body has come
			})
		})
	}
}

func TestTimeThatTheBackendTookItselfStillCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, err := resilience.NewBreaker("b", resilience.BreakerConfig{ConsecutiveFailures: 1})
		require.NoError(t, err)
		silent := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
			time.Sleep(time.Until(x.Deadline))
			return nil, &pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout, Sent: true}
		}
		x := request("GET", "")
		x.Hasten(time.Now().Add(time.Second))
		_, err = pipeline.Chain(silent, b.Stage("breaker"))(t.Context(), x)
		require.Error(t, err)
		require.Equal(t, resilience.BreakerOpen, b.State())
	})
}

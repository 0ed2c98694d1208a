package resilience_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest/clienttest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

func dead(t testing.TB) registry.Endpoint {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return registry.Endpoint{URL: "http://" + l.Addr().String(), Weight: 100}
}

func alive(t testing.TB, h http.HandlerFunc) registry.Endpoint {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return registry.Endpoint{URL: s.URL}
}

// chain is retry and timeout around a real upstream.
func chain(t testing.TB, endpoints ...registry.Endpoint) pipeline.Handler {
	t.Helper()
	up, err := upstream.New(clienttest.Of(registry.Upstream{Name: "users", Endpoints: endpoints}), upstream.Options{})
	require.NoError(t, err)
	t.Cleanup(up.Close)
	retry, err := resilience.NewRetry(resilience.RetryConfig{})
	require.NoError(t, err)
	timeout, err := resilience.NewTimeout(resilience.TimeoutConfig{
		Total: registry.Duration(5 * time.Second), PerTry: registry.Duration(500 * time.Millisecond),
	})
	require.NoError(t, err)
	stages := append(timeout, retry...)
	pipeline.Sort(stages)
	return pipeline.Chain(up.Serve, stages...)
}

func TestADeadEndpointIsPassedBy(t *testing.T) {
	t.Parallel()
	echo := func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }
	serve := chain(t, dead(t), alive(t, echo))
	for _, method := range []string{"GET", "POST"} {
		x := request(method, "body")
		resp, err := serve(t.Context(), x)
		require.NoError(t, err, method)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, "body", string(body))
		require.NoError(t, resp.Body.Close())
		require.NoError(t, x.Finish(&pipeline.Summary{}))
		require.Len(t, x.Attempts(), 2)
		require.Equal(t, []string{resilience.CodeRetried, resilience.CodeRetrySucceeded}, codes(x))
	}
}

func TestAPostThatReachedTheBackendIsNotRepeated(t *testing.T) {
	t.Parallel()
	var came atomic.Int64
	serve := chain(t, alive(t, func(http.ResponseWriter, *http.Request) {
		came.Add(1)
		panic(http.ErrAbortHandler)
	}))
	x := request("POST", "body")
	_, err := serve(t.Context(), x)
	var u *pipeline.UpstreamError
	require.ErrorAs(t, err, &u)
	require.True(t, u.Sent)
	require.Equal(t, int64(1), came.Load())
	require.Equal(t, []string{resilience.CodeNotRepeatable}, codes(x))
}

func TestASlowTryIsRepeatedWithinTheTotal(t *testing.T) {
	t.Parallel()
	var came atomic.Int64
	serve := chain(t, alive(t, func(w http.ResponseWriter, r *http.Request) {
		if came.Add(1) == 1 {
			<-r.Context().Done()
		}
	}))
	x := request("GET", "")
	resp, err := serve(t.Context(), x)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, pipeline.UpstreamTimeout, x.Decisions()[0].Rule)
}

// around is a breaker around a real upstream.
func around(t testing.TB, c resilience.BreakerConfig, endpoints ...registry.Endpoint) (*resilience.Breaker, pipeline.Handler) {
	t.Helper()
	up, err := upstream.New(clienttest.Of(registry.Upstream{Name: "users", Endpoints: endpoints}), upstream.Options{})
	require.NoError(t, err)
	t.Cleanup(up.Close)
	b, err := resilience.NewBreaker("upstream users", c)
	require.NoError(t, err)
	return b, pipeline.Chain(up.Serve, b.Stage("breaker"))
}

func TestABreakerSparesADeadEndpoint(t *testing.T) {
	t.Parallel()
	b, serve := around(t, resilience.BreakerConfig{ConsecutiveFailures: 3}, dead(t))
	for range 3 {
		_, err := serve(t.Context(), request("GET", ""))
		require.Equal(t, pipeline.UpstreamConnect, errorKind(t, err))
	}
	x := request("GET", "")
	_, err := serve(t.Context(), x)
	require.Equal(t, pipeline.UpstreamBreakerOpen, errorKind(t, err))
	require.Empty(t, x.Attempts())
	require.Equal(t, resilience.BreakerOpen, b.State())
}

func errorKind(t testing.TB, err error) string {
	t.Helper()
	var u *pipeline.UpstreamError
	require.ErrorAs(t, err, &u)
	return u.Kind
}

func TestABreakerSeesHowBodiesOfTheWireEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		serve http.HandlerFunc
		read  bool // to its end
		want  resilience.BreakerState
	}{
		{"cut within its length", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "begun")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, true, resilience.BreakerOpen},
		{"cut within its chunks", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "begun")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, true, resilience.BreakerOpen},
		{"whole", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "whole")
		}, true, resilience.BreakerClosed},
		{"given up", func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, false, resilience.BreakerClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, serve := around(t, resilience.BreakerConfig{ConsecutiveFailures: 1}, alive(t, c.serve))
			x := request("GET", "")
			resp, err := serve(t.Context(), x)
			require.NoError(t, err)
			if c.read {
				_, _ = io.Copy(io.Discard, resp.Body)
			}
			require.NoError(t, resp.Body.Close())
			require.NoError(t, x.Finish(&pipeline.Summary{}))
			require.Equal(t, c.want, b.State())
		})
	}
}

package resilience_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

var errCut = errors.New("the connection broke")

// bodied answers 200 with the body.
func bodied(body func() io.Reader) pipeline.Handler {
	return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, 200, "text/plain", nil)
		resp.Body, resp.ContentLength = io.NopCloser(body()), -1
		return resp, nil
	}
}

func broken(err error) pipeline.Handler {
	return bodied(func() io.Reader { return io.MultiReader(strings.NewReader("begun"), iotest.ErrReader(err)) })
}

func TestABodyThatBreaksIsAFailure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		config resilience.BreakerConfig
		most   int64 // answers until it opens
	}{
		{"however high the ratio", resilience.BreakerConfig{ErrorRatio: 0.9, MinRequests: 20}, 20},
		{"in a row", resilience.BreakerConfig{ConsecutiveFailures: 5}, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := guard(t, c.config)
			for g.breaker.State() == resilience.BreakerClosed && g.came.Load() <= c.most {
				require.ErrorIs(t, g.call(broken(errCut)).Err, errCut)
			}
			require.Equal(t, resilience.BreakerOpen, g.breaker.State())
			require.InDelta(t, c.most, g.came.Load(), 1)
			require.Equal(t, uint64(g.came.Load()), g.breaker.Counts().Cut)
		})
	}
}

func TestAFewBrokenBodiesDoNotOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, resilience.BreakerConfig{ErrorRatio: 0.5, MinRequests: 10, Window: registry.Duration(time.Second)})
		for range 50 {
			g.call(broken(errCut))
			g.calls(2, status(200))
		}
		require.Equal(t, resilience.BreakerClosed, g.breaker.State(), "a third")

		for range 5 {
			g.call(broken(errCut))
		}
		time.Sleep(time.Minute) // virtual
		g.calls(12, status(200))
		g.calls(11, status(503))
		require.Equal(t, resilience.BreakerClosed, g.breaker.State(), "11 of 23: none of the twelve was left out")
	})
}

func TestATrialWhoseBodyBreaksHasFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, resilience.BreakerConfig{ConsecutiveFailures: 1, OpenFor: registry.Duration(time.Second), HalfOpen: 2})
		g.call(status(503))
		time.Sleep(time.Second) // virtual
		g.call(broken(errCut))
		require.Equal(t, resilience.BreakerOpen, g.breaker.State())
		time.Sleep(time.Second) // virtual
		g.calls(2, status(200))
		require.Equal(t, resilience.BreakerClosed, g.breaker.State(), "no trial is left out for it")
	})
}

func TestABodyThatIsNotTheBackendsFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		next pipeline.Handler
	}{
		{"whole", bodied(func() io.Reader { return strings.NewReader("whole") })},
		{"refused on its way", broken(pipeline.Refuse(502, "too_long", ""))},
		{"left by the client", broken(context.Canceled)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := guard(t, resilience.BreakerConfig{ConsecutiveFailures: 1})
			g.call(c.next)
			require.Equal(t, resilience.BreakerClosed, g.breaker.State())
			require.Zero(t, g.breaker.Counts().Cut)
		})
	}
	t.Run("the context of the client has ended", func(t *testing.T) {
		t.Parallel()
		g := guard(t, resilience.BreakerConfig{ConsecutiveFailures: 1})
		ctx, leave := context.WithCancel(t.Context())
		gatewaytest.Run(t, g.breaker.Stage("breaker"), gatewaytest.NewExchange("GET", "/"), gatewaytest.Context(ctx),
			gatewaytest.Next(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				resp, err := broken(errCut)(ctx, x)
				leave()
				return resp, err
			}))
		require.Equal(t, resilience.BreakerClosed, g.breaker.State())
	})
	t.Run("closed during a read", func(t *testing.T) {
		t.Parallel()
		g := guard(t, resilience.BreakerConfig{ConsecutiveFailures: 1})
		r, _ := io.Pipe()
		serve := g.breaker.Stage("breaker").Wrap(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
			resp := pipeline.Respond(x, 200, "", nil)
			resp.Body = r
			return resp, nil
		})
		resp, err := serve(t.Context(), request("GET", ""))
		require.NoError(t, err)
		ended := make(chan error)
		go func() {
			_, err := resp.Body.Read(make([]byte, 1))
			ended <- err
		}()
		require.NoError(t, resp.Body.Close())
		require.ErrorIs(t, <-ended, io.ErrClosedPipe)
		require.Equal(t, resilience.BreakerClosed, g.breaker.State())
	})
}

func TestTheOutcomeOfAGRPCCall(t *testing.T) {
	t.Parallel()
	const counts, not = resilience.BreakerOpen, resilience.BreakerClosed
	for _, c := range []struct {
		name, protocol string
		status         string
		statuses       []int
		atOnce         bool // in place of messages
		want           resilience.BreakerState
	}{
		{"well", "grpc", "0", nil, false, not},
		{"unavailable", "grpc", "14", nil, false, counts},
		{"unavailable at once", "grpc", "14", nil, true, counts},
		{"internal", "grpc", "13", nil, false, not},
		{"internal where 500 is listed", "grpc", "13", []int{500}, false, counts},
		{"exhausted where 429 is listed", "grpc", "8", []int{429}, true, counts},
		{"not found", "grpc", "5", nil, false, not},
		{"late, as the caller may have asked", "grpc", "4", nil, false, not},
		{"no status", "grpc", "", nil, false, not},
		{"on a route of another protocol", "rest", "14", nil, true, not},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := guard(t, resilience.BreakerConfig{ConsecutiveFailures: 1, Statuses: c.statuses})
			x := gatewaytest.NewExchange("POST", "/", gatewaytest.Route(&registry.Route{Name: "call", Protocol: c.protocol}))
			gatewaytest.Run(t, g.breaker.Stage("breaker"), x, gatewaytest.Next(call(c.status, c.atOnce)))
			require.Equal(t, c.want, g.breaker.State())
		})
	}
}

// call answers as a gRPC backend does.
func call(status string, atOnce bool) pipeline.Handler {
	return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, 200, "application/grpc", []byte("message"))
		outcome := http.Header{}
		if status != "" {
			outcome.Set("Grpc-Status", status)
		}
		if atOnce {
			resp.Body = http.NoBody
			resp.Header.Set("Grpc-Status", status)
			return resp, nil
		}
		resp.Trailer = outcome
		return resp, nil
	}
}

package resilience_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

// pausing is a handler whose answer comes through a pipe.
func pausing(t *testing.T, stages []pipeline.Stage) (*http.Response, *io.PipeWriter) {
	t.Helper()
	r, w := io.Pipe()
	resp, err := pipeline.Chain(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, http.StatusOK, "text/event-stream", nil)
		resp.Body, resp.ContentLength = r, -1
		return resp, nil
	}, stages...)(t.Context(), request("GET", ""))
	require.NoError(t, err)
	return resp, w
}

func idle(t *testing.T, d time.Duration) []pipeline.Stage {
	t.Helper()
	stages, err := resilience.NewTimeout(resilience.TimeoutConfig{Idle: registry.Duration(d)})
	require.NoError(t, err)
	return stages
}

func TestABodyThatPausesForTooLongIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		resp, w := pausing(t, idle(t, 30*time.Second))
		start := time.Now()
		go func() {
			for range 5 {
				time.Sleep(29 * time.Second)
				_, _ = io.WriteString(w, "event")
			}
			time.Sleep(time.Minute)
			_, err := io.WriteString(w, "too late")
			require.ErrorIs(t, err, io.ErrClosedPipe)
		}()
		got, err := io.ReadAll(resp.Body)
		var u *pipeline.UpstreamError
		require.ErrorAs(t, err, &u)
		require.Equal(t, pipeline.UpstreamTimeout, u.Kind)
		require.Equal(t, strings.Repeat("event", 5), string(got))
		require.Equal(t, 175*time.Second, time.Since(start))
		require.NoError(t, resp.Body.Close())
		time.Sleep(time.Minute)
	})
}

func TestASlowClientIsNoPauseOfTheBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		resp, w := pausing(t, idle(t, time.Second))
		go func() {
			_, _ = io.WriteString(w, "ab")
			_ = w.Close()
		}()
		for range 2 {
			time.Sleep(time.Hour)
			_, err := io.ReadFull(resp.Body, make([]byte, 1))
			require.NoError(t, err)
		}
		_, err := resp.Body.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		require.NoError(t, resp.Body.Close())
	})
}

func TestABodyThatIsCutOffCountsForTheBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, err := resilience.NewBreaker("b", resilience.BreakerConfig{ConsecutiveFailures: 1})
		require.NoError(t, err)
		resp, _ := pausing(t, append([]pipeline.Stage{b.Stage("breaker")}, idle(t, time.Second)...))
		_, err = io.ReadAll(resp.Body)
		require.Error(t, err)
		require.NoError(t, resp.Body.Close())
		_, err = pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) {
			return nil, errors.New("it was asked")
		}, b.Stage("breaker"))(t.Context(), request("GET", ""))
		var u *pipeline.UpstreamError
		require.ErrorAs(t, err, &u)
		require.Equal(t, pipeline.UpstreamBreakerOpen, u.Kind)
	})
}

func BenchmarkIdle(b *testing.B) {
	stages, err := resilience.NewTimeout(resilience.TimeoutConfig{Idle: registry.Duration(time.Minute)})
	require.NoError(b, err)
	h := pipeline.Chain(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, http.StatusOK, "", []byte("answer")), nil
	}, stages...)
	x, p := request("GET", ""), make([]byte, 8)
	b.ReportAllocs()
	for b.Loop() {
		resp, err := h(b.Context(), x)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = resp.Body.Read(p)
		_ = resp.Body.Close()
	}
}

package resilience_test

import (
	"context"
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

func TestTimeoutBringsTheDeadlineForward(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		total, perTry time.Duration
		before, want  time.Duration
	}{
		{"the total", 2 * time.Second, 0, 0, 2 * time.Second},
		{"one try", 0, time.Second, 0, time.Second},
		{"the earlier of both", 2 * time.Second, time.Second, 0, time.Second},
		{"never put off", 2 * time.Second, time.Second, time.Millisecond, time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				stages, err := resilience.NewTimeout(resilience.TimeoutConfig{
					Total: registry.Duration(c.total), PerTry: registry.Duration(c.perTry),
				})
				require.NoError(t, err)
				x := request("GET", "")
				if c.before > 0 {
					x.Deadline = time.Now().Add(c.before)
				}
				now := time.Now()
				b := &backend{tries: []try{{status: 200}}}
				_, err = pipeline.Chain(b.serve, stages...)(t.Context(), x)
				require.NoError(t, err)
				require.Equal(t, c.want, x.Deadline.Sub(now))
			})
		})
	}
}

func TestEachTryHasItsOwnTimeWithinTheTotal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var deadlines []time.Duration
		b := &backend{tries: []try{{
			err: &pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout, Sent: true},
			do: func(x *pipeline.Exchange) {
				deadlines = append(deadlines, x.Deadline.Sub(begun))
				time.Sleep(time.Until(x.Deadline)) // virtual
			},
		}}}
		retry, err := resilience.NewRetry(
			resilience.RetryConfig{Attempts: 9, Backoff: resilience.Backoff{Base: 1, Max: 1}},
			resilience.WithRandom(func() float64 { return 0 }))
		require.NoError(t, err)
		timeout, err := resilience.NewTimeout(resilience.TimeoutConfig{
			Total: registry.Duration(2500 * time.Millisecond), PerTry: registry.Duration(time.Second),
		})
		require.NoError(t, err)
		stages := append(timeout, retry...)
		pipeline.Sort(stages)
		_, err = pipeline.Chain(b.serve, stages...)(t.Context(), request("GET", ""))
		require.Error(t, err)
		require.Equal(t, []time.Duration{1000 * time.Millisecond, 2000 * time.Millisecond, 2500 * time.Millisecond}, deadlines)
	})
}

func TestTimeoutLeavesABodyAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stages, err := resilience.NewTimeout(resilience.TimeoutConfig{Total: registry.Duration(time.Second)})
		require.NoError(t, err)
		serve := pipeline.Chain(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			resp := pipeline.Respond(x, 200, "", nil)
			resp.Body = slow{strings.NewReader("whole"), ctx}
			return resp, nil
		}, stages...)
		resp, err := serve(t.Context(), request("GET", ""))
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, "whole", string(body))
	})
}

// slow takes a minute to each read.
type slow struct {
	io.Reader
	ctx context.Context
}

func (s slow) Read(p []byte) (int, error) {
	time.Sleep(time.Minute) // virtual
	if s.ctx.Err() != nil {
		return 0, s.ctx.Err()
	}
	return s.Reader.Read(p)
}

func (slow) Close() error { return nil }

func TestFaultsOfTimeout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, config, field string }{
		{"nothing is bounded", `{}`, ""},
		{"one try is longer than all", `{"total":"1s","per_try":"2s"}`, "/per_try"},
		{"a pause that is negative", `{"total":"1s","idle":"-1s"}`, "/idle"},
		{"an unknown setting", `{"totl":"1s"}`, "/totl"},
		{"no duration", `{"total":"fast"}`, "/total"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			faults := registry.AsFaults(registry.Decode([]byte(c.config), &resilience.TimeoutConfig{}))
			require.Len(t, faults, 1)
			require.Equal(t, c.field, faults[0].Field)
		})
	}
	_, err := resilience.NewTimeout(resilience.TimeoutConfig{Total: -1, PerTry: -1})
	require.Len(t, registry.AsFaults(err), 2)
}

func BenchmarkTimeout(b *testing.B) {
	stages, err := resilience.NewTimeout(resilience.TimeoutConfig{
		Total: registry.Duration(2 * time.Second), PerTry: registry.Duration(time.Second),
	})
	require.NoError(b, err)
	x := request("GET", "")
	x.Start = time.Now()
	resp := pipeline.Respond(x, 200, "", nil)
	serve := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return resp, nil }, stages...)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = serve(ctx, x)
	}
}

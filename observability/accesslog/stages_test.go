package accesslog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/internal/exchangetest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/stretchr/testify/require"
)

// timed sends the exchange through stages that take odd fractions of a
// microsecond, and tells the log. It runs in a bubble, where time is exact.
func timed(t testing.TB, log *accesslog.Log, stages int) {
	t.Helper()
	x, s := exchangetest.New()
	x.Start = time.Now()
	x.Begin(nil, pipeline.Raw{}, &pipeline.Entry{
		Route: x.Route, Timed: pipeline.Timings([]pipeline.Recorder{log}),
		Record: []func(*pipeline.Exchange, *pipeline.Summary){log.For(x.Route)},
	})
	time.Sleep(100_333)
	_, err := pipeline.Chain(upstream, odd(stages)...)(t.Context(), x)
	require.NoError(t, err)
	time.Sleep(50_777)
	s.Took = time.Since(x.Start)
	require.NoError(t, x.Finish(s))
}

func odd(n int) (stages []pipeline.Stage) {
	for i := range n {
		stages = append(stages, pipeline.Stage{Name: fmt.Sprintf("stage-%d", i), Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				time.Sleep(1_999)
				return next(ctx, x)
			}
		}})
	}
	return stages
}

func upstream(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
	time.Sleep(3_000_123)
	return pipeline.Respond(x, http.StatusOK, "", nil), nil
}

func TestStagesAddUpToTheWhole(t *testing.T) {
	t.Parallel()
	for _, stages := range []int{0, 1, 3, 14, 60} {
		t.Run(fmt.Sprintf("%d stages", stages), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				line := logged(t, func(l *accesslog.Log) { timed(t, l, stages) }, accesslog.Stages())
				var got struct {
					Stages map[string]int64 `json:"stages"`
					Took   json.Number      `json:"took_ms"`
				}
				require.NoError(t, json.Unmarshal([]byte(line), &got), line)
				var sum int64
				for _, us := range got.Stages {
					sum += us
				}
				require.Equal(t, strings.ReplaceAll(got.Took.String(), ".", ""), fmt.Sprint(sum), line)
				require.InDelta(t, 3_000, got.Stages["upstream"], 1)
				require.InDelta(t, 151, got.Stages["edge"], 1)
				require.Equal(t, min(stages, 17)+2, len(got.Stages), line)
			})
		})
	}
}

func TestStagesAreInTheirOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		line := logged(t, func(l *accesslog.Log) { timed(t, l, 2) }, accesslog.Stages())
		require.Contains(t, line, `,"stages":{"stage-0":1,"stage-1":2,"upstream":3001,"edge":151},`)
	})
}

func TestStagesAreLoggedWhereAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		require.NotContains(t, logged(t, func(l *accesslog.Log) { timed(t, l, 2) }), `"stages"`)
	})
	x, s := exchangetest.New()
	require.NotContains(t, one(t, x, s, accesslog.Stages()), `"stages"`, "nothing was timed")
}

func TestTheTraceIsNamed(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	x.TraceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	require.Contains(t, one(t, x, s), `,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",`)
}

func TestStagesReachALogger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		written(t, func(l *accesslog.Log) { timed(t, l, 1) }, accesslog.Slog(slog.New(slog.NewJSONHandler(&out, nil))), accesslog.Stages())
		require.Contains(t, out.String(), `"stages":{"edge":`)
	})
}

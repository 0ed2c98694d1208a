package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// taking is a stage that takes so long before the others and as long after.
func taking(name string, d time.Duration) pipeline.Stage {
	return around(name, func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
		time.Sleep(d) // in a bubble
		defer time.Sleep(d)
		return next(ctx, x)
	})
}

func around(name string, f func(context.Context, *pipeline.Exchange, pipeline.Handler) (*http.Response, error)) pipeline.Stage {
	return pipeline.Stage{Name: name, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) { return f(ctx, x, next) }
	}}
}

func slowly(d time.Duration) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		time.Sleep(d)
		return ok(ctx, x)
	}
}

// spent runs h in an exchange that has already taken 5 ms, and takes 3 more
// when h is through.
func spent(t *testing.T, h pipeline.Handler) map[string]time.Duration {
	t.Helper()
	x := exchange(http.MethodGet, "/", "")
	x.Start = time.Now()
	x.Begin(nil, pipeline.Raw{}, &pipeline.Entry{Timed: true})
	time.Sleep(5 * time.Millisecond)
	func() {
		defer func() { _ = recover() }()
		_, _ = h(t.Context(), x)
	}()
	time.Sleep(3 * time.Millisecond)
	took, sum := time.Since(x.Start), time.Duration(0)
	parts := maps.Collect(x.Spent(took))
	for _, d := range parts {
		sum += d
	}
	require.Equal(t, took, sum, "the parts add up")
	return parts
}

// routed is an edge chain around the chain of a route.
func routed(edge, route []pipeline.Stage, upstream pipeline.Handler) pipeline.Handler {
	inner, entry := pipeline.Chain(upstream, route...), &pipeline.Entry{Route: &registry.Route{Name: "r"}, Timed: true}
	return pipeline.Chain(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		time.Sleep(time.Millisecond)
		x.Enter(entry)
		return inner(ctx, x)
	}, edge...)
}

func TestStagesAreToldWhatTheyTookByThemselves(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	again := around("again", func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
		_, _ = next(ctx, x)
		time.Sleep(ms)
		return next(ctx, x)
	})
	beside := around("beside", func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
		return next(ctx, x.Fork())
	})
	refusing := around("refusing", func(context.Context, *pipeline.Exchange, pipeline.Handler) (*http.Response, error) {
		time.Sleep(2 * ms)
		return nil, pipeline.Refuse(403, "no", "")
	})
	panicking := around("panicking", func(context.Context, *pipeline.Exchange, pipeline.Handler) (*http.Response, error) {
		time.Sleep(2 * ms)
		panic("broken")
	})
	tests := []struct {
		name        string
		edge, route []pipeline.Stage
		want        map[string]time.Duration
	}{
		{"edge chain, router, route and upstream are apart", []pipeline.Stage{taking("a", ms)}, []pipeline.Stage{taking("b", 2*ms), taking("c", 4*ms)},
			map[string]time.Duration{"a": 2 * ms, "router": ms, "b": 4 * ms, "c": 8 * ms, "upstream": 10 * ms, "edge": 8 * ms}},
		{"stages of one name are one", []pipeline.Stage{taking("a", ms)}, []pipeline.Stage{taking("a", 2*ms)},
			map[string]time.Duration{"a": 6 * ms, "router": ms, "upstream": 10 * ms, "edge": 8 * ms}},
		{"what runs twice is told twice as much", nil, []pipeline.Stage{again, taking("b", ms)},
			map[string]time.Duration{"again": ms, "router": ms, "b": 4 * ms, "upstream": 20 * ms, "edge": 8 * ms}},
		{"a fork belongs to who waits for it", nil, []pipeline.Stage{beside, taking("b", ms)},
			map[string]time.Duration{"beside": 12 * ms, "router": ms, "edge": 8 * ms}},
		{"a refusal leaves the rest out", nil, []pipeline.Stage{taking("a", ms), refusing, taking("b", ms)},
			map[string]time.Duration{"a": 2 * ms, "router": ms, "refusing": 2 * ms, "edge": 8 * ms}},
		{"what panics falls to the edge", nil, []pipeline.Stage{panicking},
			map[string]time.Duration{"router": ms, "panicking": 0, "edge": 10 * ms}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				require.Equal(t, test.want, spent(t, routed(test.edge, test.route, slowly(10*ms))))
			})
		})
	}
}

func TestStagesBeyondTheBoundShareOneName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var stages []pipeline.Stage
		for i := range 40 {
			stages = append(stages, taking(fmt.Sprint(i), time.Millisecond))
		}
		parts := spent(t, routed(nil, stages, slowly(time.Second)))
		require.Equal(t, 2*time.Millisecond, parts["15"])
		require.Equal(t, 24*2*time.Millisecond, parts[pipeline.SpentOther])
		require.Equal(t, time.Second, parts[pipeline.SpentUpstream])
		require.Len(t, parts, 16+4)
	})
}

func TestNothingIsTimedUnasked(t *testing.T) {
	t.Parallel()
	x := exchange(http.MethodGet, "/", "")
	x.Begin(nil, pipeline.Raw{}, &pipeline.Entry{})
	_, err := pipeline.Chain(ok, passing("a", 0))(t.Context(), x)
	require.NoError(t, err)
	require.Empty(t, maps.Collect(x.Spent(time.Second)))
	require.Empty(t, maps.Collect(exchange(http.MethodGet, "/", "").Spent(time.Second)))
}

func TestSpentEndsWhereItsReaderDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := exchange(http.MethodGet, "/", "")
		x.Start, x.Route = time.Now(), &registry.Route{}
		x.Begin(nil, pipeline.Raw{}, &pipeline.Entry{Timed: true})
		_, err := pipeline.Chain(failWith(errors.New("broken")), taking("a", 1), taking("b", 1))(t.Context(), x)
		require.Error(t, err)
		for name := range x.Spent(time.Second) {
			require.Equal(t, "a", name)
			break
		}
	})
}

type asking struct{ wants bool }

func (asking) For(*registry.Route) func(*pipeline.Exchange, *pipeline.Summary) { return nil }
func (a asking) Timings() bool                                                 { return a.wants }

type silent struct{}

func (silent) For(*registry.Route) func(*pipeline.Exchange, *pipeline.Summary) { return nil }

func TestTimingsAreTakenWhereOneRecorderAsks(t *testing.T) {
	t.Parallel()
	require.False(t, pipeline.Timings(nil))
	require.False(t, pipeline.Timings([]pipeline.Recorder{silent{}, asking{false}}))
	require.True(t, pipeline.Timings([]pipeline.Recorder{silent{}, asking{true}}))
}

func BenchmarkTimedChainOfTen(b *testing.B) { benchmarkChain(b, &pipeline.Entry{Timed: true}) }

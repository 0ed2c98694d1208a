package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

func inFlight(t testing.TB, f *ratelimit.InFlight, c ratelimit.InFlightConfig) pipeline.Stage {
	t.Helper()
	stage, err := ratelimit.NewInFlightStage(&pipeline.Env{}, f, c)
	require.NoError(t, err)
	return stage
}

// ok answers with a body that is still to come.
func ok(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
	return pipeline.Respond(x, http.StatusOK, "", []byte("x")), nil
}

// enter sends an exchange in, and returns what ends it.
func enter(t testing.TB, stage pipeline.Stage, x *pipeline.Exchange) (end func(), refusal *pipeline.Problem) {
	t.Helper()
	_, err := pipeline.Chain(ok, stage)(t.Context(), x)
	end = func() { require.NoError(t, x.Finish(&pipeline.Summary{})) }
	if err != nil {
		require.ErrorAs(t, err, &refusal)
	}
	return end, refusal
}

func TestNoMoreOfOneCallerAreUnderWay(t *testing.T) {
	t.Parallel()
	f := ratelimit.NewInFlight()
	stage := inFlight(t, f, ratelimit.InFlightConfig{Max: 2})
	var ends []func()
	for range 2 {
		end, p := enter(t, stage, from("a"))
		require.Nil(t, p)
		ends = append(ends, end)
	}
	x := from("a")
	end, p := enter(t, stage, x)
	require.NotNil(t, p)
	require.Equal(t, [...]any{http.StatusTooManyRequests, ratelimit.CodeInFlight}, [...]any{p.Status, p.Code})
	require.Equal(t, "1", p.Header.Get("Retry-After"))
	require.Equal(t, [...]any{"in_flight", pipeline.Deny, ratelimit.CodeInFlight},
		[...]any{x.Decisions()[0].Stage, x.Decisions()[0].Verdict, x.Decisions()[0].Code})
	end() // of who was refused takes no place of others
	_, p = enter(t, stage, from("a"))
	require.NotNil(t, p)
	endB, p := enter(t, stage, from("b"))
	require.Nil(t, p, "others have places of their own")
	endB()
	require.Equal(t, 2, f.Len())
	ends[0]()
	end, p = enter(t, stage, from("a"))
	require.Nil(t, p)
	end()
	ends[1]()
	require.Zero(t, f.Len())
}

func TestAPlaceIsGivenBackHoweverItEnds(t *testing.T) {
	t.Parallel()
	f := ratelimit.NewInFlight()
	stage := inFlight(t, f, ratelimit.InFlightConfig{Max: 1})
	failing := errors.New("no answer")
	for range 3 {
		x := from("a")
		_, err := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, failing }, stage)(t.Context(), x)
		require.ErrorIs(t, err, failing)
		require.NoError(t, x.Finish(&pipeline.Summary{}))
		require.Zero(t, f.Len())

		x = from("a")
		require.Panics(t, func() {
			_, _ = pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) { panic("inside") }, stage)(t.Context(), x)
		})
		require.NoError(t, x.Finish(&pipeline.Summary{}))
		require.Zero(t, f.Len())

		x = from("a")
		fork := x.Fork()
		_, p := enter(t, stage, fork)
		require.Nil(t, p)
		require.NoError(t, fork.Done())
		require.Zero(t, f.Len())
	}
}

func TestThePlanSaysHowManyAreUnderWay(t *testing.T) {
	t.Parallel()
	f := ratelimit.NewInFlight()
	stage := inFlight(t, f, ratelimit.InFlightConfig{})
	of := func(plan *registry.Plan) *pipeline.Exchange {
		x := from("a")
		x.Subscription.Plan = plan
		return x
	}
	_, p := enter(t, stage, of(&registry.Plan{InFlight: 1}))
	require.Nil(t, p)
	_, p = enter(t, stage, of(&registry.Plan{InFlight: 1}))
	require.NotNil(t, p)
	_, p = enter(t, stage, of(&registry.Plan{InFlight: 2}))
	require.Nil(t, p, "a wider plan counts at once, with what is under way")
	for _, plan := range []*registry.Plan{nil, {}} {
		x := of(plan)
		_, p = enter(t, stage, x)
		require.Nil(t, p)
		require.Equal(t, ratelimit.CodeUnlimited, x.Decisions()[0].Code)
	}
	x := from("a")
	x.Subscription = nil
	_, p = enter(t, stage, x)
	require.Equal(t, ratelimit.CodeKeyMissing, p.Code)
}

func TestNobodyToCountIsRefused(t *testing.T) {
	t.Parallel()
	stage := inFlight(t, ratelimit.NewInFlight(), ratelimit.InFlightConfig{Max: 5, Per: "consumer"})
	x := from("a")
	x.Identity = nil
	_, p := enter(t, stage, x)
	require.Equal(t, [...]any{http.StatusForbidden, ratelimit.CodeKeyMissing}, [...]any{p.Status, p.Code})
}

// TestWhatIsUnderWayOutlivesReloads also holds which routes are counted
// together.
func TestWhatIsUnderWayOutlivesReloads(t *testing.T) {
	t.Parallel()
	kinds, err := pipeline.NewKinds(ratelimit.InFlightKind())
	require.NoError(t, err)
	pool := pipeline.NewPool()
	build := func(route registry.Route, c ratelimit.InFlightConfig) pipeline.Stage {
		scope := pipeline.NewScope(pool, slog.New(slog.DiscardHandler))
		t.Cleanup(scope.Close)
		stages, err := pipeline.Make[[]pipeline.Stage](scope.Env(pipeline.Workshop{Kinds: kinds}, &route, "in_flight"), ratelimit.InFlightPolicy(c))
		require.NoError(t, err)
		return stages[0]
	}
	_, p := enter(t, build(orders, ratelimit.InFlightConfig{Max: 1}), from("a"))
	require.Nil(t, p)
	for _, test := range []struct {
		name    string
		route   registry.Route
		config  ratelimit.InFlightConfig
		refused bool
	}{
		{"the same policy again", orders, ratelimit.InFlightConfig{Max: 1}, true},
		{"another bound", registry.Route{Name: "other", API: orders.API}, ratelimit.InFlightConfig{Max: 2}, false},
		{"the same API", registry.Route{Name: "other", API: orders.API}, ratelimit.InFlightConfig{Max: 1}, true},
		{"another API", registry.Route{Name: "other", API: "orders/v2"}, ratelimit.InFlightConfig{Max: 1}, false},
		{"the route alone", orders, ratelimit.InFlightConfig{Max: 1, Scope: "route"}, false},
		{"another key", orders, ratelimit.InFlightConfig{Max: 1, Per: "consumer"}, false},
	} {
		end, p := enter(t, build(test.route, test.config), from("a"))
		require.Equal(t, test.refused, p != nil, test.name)
		end()
	}
}

func TestManyAtOnceAreCountedTruly(t *testing.T) {
	t.Parallel()
	f := ratelimit.NewInFlight()
	stage := inFlight(t, f, ratelimit.InFlightConfig{Max: 3})
	var inside [8]atomic.Int64
	var over atomic.Bool
	var passed atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := range 2000 {
				caller := i % len(inside)
				x := from(fmt.Sprint("caller ", caller))
				_, err := pipeline.Chain(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
					if inside[caller].Add(1) > 3 {
						over.Store(true)
					}
					passed.Add(1)
					return ok(ctx, x)
				}, stage)(context.Background(), x)
				if err == nil {
					inside[caller].Add(-1)
				}
				_ = x.Finish(&pipeline.Summary{})
			}
		})
	}
	all.Wait()
	require.False(t, over.Load(), "more than three of one caller were under way")
	require.Positive(t, passed.Load())
	require.Zero(t, f.Len())
}

func TestTheTableHoldsWhoIsUnderWay(t *testing.T) {
	t.Parallel()
	f := ratelimit.NewInFlight()
	stage := inFlight(t, f, ratelimit.InFlightConfig{Max: 1})
	for i := range 20_000 {
		end, p := enter(t, stage, from(fmt.Sprint("caller ", i)))
		require.Nil(t, p)
		end()
	}
	require.LessOrEqual(t, f.Remembered(), 64*32)
}

func TestEveryFaultOfInFlightIsReported(t *testing.T) {
	t.Parallel()
	for config, want := range map[string][]string{
		`{"max":-1,"per":"planet","scope":"x"}`:        {"/per", "/scope", "/max"},
		`{"max":1000001}`:                              {"/max"},
		`{"per":"address"}`:                            {"/max"},
		`{"per":"route","scope":"all","max":1}`:        {"/scope"},
		`{"per":"subscription","max":1,"scope":"api"}`: nil,
	} {
		var fields []string
		for _, f := range registry.AsFaults(registry.Decode([]byte(config), &ratelimit.InFlightConfig{})) {
			fields = append(fields, f.Field)
		}
		require.Equal(t, want, fields, config)
	}
	_, err := ratelimit.NewInFlightStage(&pipeline.Env{}, ratelimit.NewInFlight(), ratelimit.InFlightConfig{Max: 1, Scope: "api"})
	require.ErrorContains(t, err, "belongs to no API")
}

func BenchmarkInFlight(b *testing.B) {
	stage := inFlight(b, ratelimit.NewInFlight(), ratelimit.InFlightConfig{Max: 4})
	x, resp, summary := from("a"), &http.Response{}, &pipeline.Summary{}
	h := stage.Wrap(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return resp, nil })
	fresh := *x
	b.ReportAllocs()
	for b.Loop() {
		*x = fresh
		_, _ = h(context.Background(), x)
		_ = x.Finish(summary)
	}
}

func ExampleNewInFlightStage() {
	stage, err := ratelimit.NewInFlightStage(&pipeline.Env{}, ratelimit.NewInFlight(), ratelimit.InFlightConfig{Max: 1, Per: "consumer"})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := stage.Wrap(ok)
	stream, second := from("sub-1"), from("sub-1")
	_, err = h(context.Background(), stream)
	fmt.Println(err)
	_, err = h(context.Background(), second)
	fmt.Println(err)
	_ = stream.Finish(&pipeline.Summary{})
	_, err = h(context.Background(), from("sub-1"))
	fmt.Println(err)
	// Output:
	// <nil>
	// 429 in_flight_exceeded
	// <nil>
}

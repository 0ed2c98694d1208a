package resilience_test

import (
	"bytes"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

// A house builds policies of routes that live in one pool, as a gateway does.
type house struct {
	t    testing.TB
	pool *pipeline.Pool
	log  bytes.Buffer
}

func newHouse(t testing.TB) *house { return &house{t: t, pool: pipeline.NewPool()} }

// build builds the policy for the route, and returns what ends the route.
func (h *house) build(kind pipeline.Kind[[]pipeline.Stage], config string, route registry.Route) (pipeline.Stage, func()) {
	h.t.Helper()
	kinds, err := pipeline.NewKinds(kind)
	require.NoError(h.t, err)
	plain := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	scope := pipeline.NewScope(h.pool, slog.New(slog.NewTextHandler(&h.log, plain)))
	env := scope.Env(pipeline.Workshop{Kinds: kinds}, &route, kind.Name)
	stages, err := pipeline.Make[[]pipeline.Stage](env, registry.Policy{Kind: kind.Name, Config: []byte(config)})
	require.NoError(h.t, err)
	require.Len(h.t, stages, 1)
	require.Equal(h.t, kind.Name, stages[0].Name)
	scope.Start()
	return stages[0], scope.Close
}

func TestWhichRoutesShareABreaker(t *testing.T) {
	t.Parallel()
	users := registry.Route{Name: "a", API: "users/v1", Upstream: "users"}
	for _, c := range []struct {
		name          string
		config, other string
		route         registry.Route
		shared        bool
	}{
		{"the route itself, compiled anew", `{}`, `{}`, users, true},
		{"another route to the same upstream", `{}`, `{}`, registry.Route{Name: "b", Upstream: "users"}, true},
		{"a route that spells the defaults", `{}`, `{"error_ratio":0.5,"scope":"upstream"}`, users, true},
		{"a route to another upstream", `{}`, `{}`, registry.Route{Name: "a", API: "users/v1", Upstream: "other"}, false},
		{"a route with other settings", `{}`, `{"min_requests":1}`, users, false},
		{"a route without an upstream", `{}`, `{}`, registry.Route{Name: "users"}, false},
		{"a route of the same API", `{"scope":"api"}`, `{"scope":"api"}`, registry.Route{Name: "b", API: "users/v1", Upstream: "x"}, true},
		{"a route of another API", `{"scope":"api"}`, `{"scope":"api"}`, registry.Route{Name: "b", API: "users/v2", Upstream: "users"}, false},
		{"another route, each its own", `{"scope":"route"}`, `{"scope":"route"}`, registry.Route{Name: "b", Upstream: "users"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, set := newHouse(t), &resilience.Breakers{}
			kind := resilience.BreakerKind(resilience.WithBreakers(set))
			_, endA := h.build(kind, c.config, users)
			_, endB := h.build(kind, c.other, c.route)
			want := 2
			if c.shared {
				want = 1
			}
			require.Len(t, set.All(), want)
			endA()
			require.Len(t, set.All(), 1)
			endB()
			require.Empty(t, set.All())
		})
	}
}

func TestABreakerStaysOpenThroughAReload(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	route := registry.Route{Name: "a", Upstream: "users"}
	before, end := h.build(resilience.BreakerKind(), `{"consecutive_failures":1}`, route)
	gatewaytest.Run(t, before, gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(status(503)))
	route.Rewrite = "/edited"
	behind, endAfter := h.build(resilience.BreakerKind(), `{"consecutive_failures":1}`, route)
	end()
	r := gatewaytest.Run(t, behind, gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(status(200)))
	require.Zero(t, r.Calls)
	endAfter()
	require.Zero(t, h.pool.Len())
}

func TestTransitionsAreTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, set := newHouse(t), &resilience.Breakers{}
		var told []resilience.BreakerTransition
		stage, end := h.build(resilience.BreakerKind(
			resilience.WithBreakers(set),
			resilience.WithTransitions(func(tr resilience.BreakerTransition) { told = append(told, tr) }),
		), `{"consecutive_failures":1,"half_open":1,"open_for":"1s"}`, registry.Route{Name: "a", Upstream: "users"})
		defer end()
		for _, code := range []int{200, 503, 200, 503} {
			gatewaytest.Run(t, stage, gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(status(code)))
		}
		time.Sleep(time.Second) // virtual
		gatewaytest.Run(t, stage, gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(status(200)))
		const name = "upstream users"
		require.Equal(t, []resilience.BreakerTransition{
			{Breaker: name, From: resilience.BreakerClosed, To: resilience.BreakerOpen},
			{Breaker: name, From: resilience.BreakerOpen, To: resilience.BreakerHalfOpen},
			{Breaker: name, From: resilience.BreakerHalfOpen, To: resilience.BreakerClosed},
		}, told)
		require.Equal(t, `level=WARN msg="breaker changed" breaker="upstream users" from=closed to=open
level=WARN msg="breaker changed" breaker="upstream users" from=open to=half_open
level=INFO msg="breaker changed" breaker="upstream users" from=half_open to=closed
`, h.log.String())
		b := set.All()[0]
		require.Equal(t, name, b.Name())
		require.Equal(t, resilience.BreakerCounts{Succeeded: 2, Failed: 1, Refused: 2, Opened: 1}, b.Counts())
		require.Equal(t, "unknown", resilience.BreakerState(0).String())
	})
}

func TestAPanicOfWhoIsToldLosesNoTrial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, resilience.BreakerConfig{ConsecutiveFailures: 1, HalfOpen: 1, OpenFor: registry.Duration(time.Second)},
			resilience.WithTransitions(func(resilience.BreakerTransition) { panic("told") }))
		g.call(status(503))
		time.Sleep(time.Second) // virtual
		require.Equal(t, 1, g.call(status(200)).Calls)
		require.Equal(t, resilience.BreakerClosed, g.breaker.State())
	})
}

func TestAScopeThatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, config string
		kind         pipeline.Kind[[]pipeline.Stage]
	}{
		{"breaker of an upstream", `{"scope":"upstream"}`, resilience.BreakerKind()},
		{"breaker of an API", `{"scope":"api"}`, resilience.BreakerKind()},
		{"bulkhead of an API", `{"max_concurrent":1,"scope":"api"}`, resilience.BulkheadKind()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := gatewaytest.TryBuild(t, c.kind, c.config, gatewaytest.Route(&registry.Route{Name: "a"}))
			faults := registry.AsFaults(err)
			require.Len(t, faults, 1)
			require.Equal(t, "/scope", faults[0].Field)
		})
	}
}

func TestNeitherBelongsToTheEdge(t *testing.T) {
	t.Parallel()
	for kind, config := range map[*pipeline.Kind[[]pipeline.Stage]]string{
		new(resilience.BreakerKind()): `{}`, new(resilience.BulkheadKind()): `{"max_concurrent":1}`,
	} {
		kinds, err := pipeline.NewKinds(*kind)
		require.NoError(t, err)
		scope := pipeline.NewScope(pipeline.NewPool(), nil)
		t.Cleanup(scope.Close)
		env := scope.Env(pipeline.Workshop{Kinds: kinds}, nil, kind.Name)
		_, err = pipeline.Make[[]pipeline.Stage](env, registry.Policy{Kind: kind.Name, Config: []byte(config)})
		require.ErrorContains(t, err, "belongs to routes")
	}
}

func TestEveryFaultOfBreakerIsReported(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, config string
		fields       []string
	}{
		{"what is out of bounds", `{"error_ratio":50,"min_requests":-1,"window":"1ms","open_for":"2h","half_open":1001,
			"statuses":[404],"slow":{"over":"1s","ratio":0.001},"scope":"gateway"}`,
			[]string{"/error_ratio", "/min_requests", "/half_open", "/window", "/open_for", "/statuses/0", "/slow/ratio", "/scope"}},
		{"two ways to trip", `{"consecutive_failures":5,"error_ratio":0.5,"min_requests":5,"window":"1s"}`,
			[]string{"/error_ratio", "/min_requests", "/window"}},
		{"a ratio of slow answers without a time", `{"slow":{"ratio":0.5}}`, []string{"/slow/over"}},
		{"a time of its own for slow answers", `{"consecutive_failures":5,"window":"1s","min_requests":5,"slow":{"over":"1s"}}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var fields []string
			for _, f := range registry.AsFaults(registry.Decode([]byte(c.config), &resilience.BreakerConfig{})) {
				fields = append(fields, f.Field)
			}
			require.Equal(t, c.fields, fields)
		})
	}
	_, err := resilience.NewBreaker("x", resilience.BreakerConfig{ErrorRatio: -1, OpenFor: -1, Slow: resilience.Slow{Over: -1}})
	require.Len(t, registry.AsFaults(err), 3)
}

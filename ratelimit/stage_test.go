package ratelimit_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

// fake is a limiter that answers every ask alike, and notes the keys.
type fake struct {
	err  error
	keys *[]string
}

func (f fake) Take(_ context.Context, asks []ratelimit.Ask, results []ratelimit.Result) error {
	for i := range asks {
		results[i] = ratelimit.Result{Allowed: true, Remaining: 1}
		if f.keys != nil {
			*f.keys = append(*f.keys, strings.Clone(asks[i].Key))
		}
	}
	return f.err
}

// A bench builds policies as a gateway does: under one pool.
type bench struct {
	pool  *pipeline.Pool
	kinds *pipeline.Kinds
}

func newBench(t testing.TB, kinds ...pipeline.AnyKind) bench {
	t.Helper()
	all, err := pipeline.NewKinds(append(kinds, ratelimit.Kind(), ratelimit.MemoryKind())...)
	require.NoError(t, err)
	return bench{pipeline.NewPool(), all}
}

func (b bench) build(route registry.Route, p registry.Policy) (pipeline.Stage, *pipeline.Scope, error) {
	scope := pipeline.NewScope(b.pool, slog.New(slog.DiscardHandler))
	env := scope.Env(pipeline.Workshop{Kinds: b.kinds, Environment: "production"}, &route, p.String())
	stages, err := pipeline.Make[[]pipeline.Stage](env, p)
	if err != nil {
		return pipeline.Stage{}, scope, err
	}
	return stages[0], scope, nil
}

func (b bench) must(t testing.TB, route registry.Route, p registry.Policy) pipeline.Stage {
	t.Helper()
	stage, _, err := b.build(route, p)
	require.NoError(t, err)
	return stage
}

func policy(c ratelimit.Config) registry.Policy { return ratelimit.Policy(c) }

func rate(count int64, per time.Duration) registry.Rate { return registry.Rate{Count: count, Per: per} }

var orders = registry.Route{Name: "get-order", API: "orders/v1"}

// from returns an exchange of a caller with a subscription of this id.
func from(id string) *pipeline.Exchange {
	return &pipeline.Exchange{
		In: httptest.NewRequest(http.MethodGet, "/", nil), Environment: "production",
		Client:       netip.MustParseAddr("192.0.2.7"),
		Identity:     &pipeline.Identity{Subject: "alice", Consumer: "acme", Scheme: "jwt", Issuer: "idp"},
		Subscription: &registry.Subscription{ID: id, Consumer: "acme", API: "orders/v1"},
	}
}

// send sends x through the stage.
func send(t testing.TB, stage pipeline.Stage, x *pipeline.Exchange) *pipeline.Problem {
	t.Helper()
	last := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, http.StatusOK, "", nil), nil
	}
	_, err := pipeline.Chain(last, stage)(t.Context(), x)
	if err == nil {
		return nil
	}
	var p *pipeline.Problem
	require.ErrorAs(t, err, &p)
	return p
}

// passes counts how many of n requests of the caller pass.
func passes(t testing.TB, stage pipeline.Stage, n int, who func() *pipeline.Exchange) int {
	t.Helper()
	passed := 0
	for range n {
		if send(t, stage, who()) == nil {
			passed++
		}
	}
	return passed
}

func TestStageLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stage := newBench(t).must(t, orders, policy(ratelimit.Config{Rate: rate(2, time.Second)}))
		require.Equal(t, pipeline.Limit, stage.Phase)
		x := from("sub-1")
		require.Nil(t, send(t, stage, x))
		require.Equal(t, []pipeline.Decision{{Stage: "rate_limit", Rule: "2/s", Verdict: pipeline.Pass}}, x.Decisions())
		require.Nil(t, send(t, stage, from("sub-1")))

		x = from("sub-1")
		p := send(t, stage, x)
		require.Equal(t, 429, p.Status)
		require.Equal(t, ratelimit.CodeLimited, p.Code)
		require.Equal(t, "1", p.Header.Get("Retry-After"))
		require.Equal(t, []pipeline.Decision{{Stage: "rate_limit", Rule: "2/s", Verdict: pipeline.Deny, Code: ratelimit.CodeLimited}}, x.Decisions())
		require.Nil(t, send(t, stage, from("sub-2")), "another subscription has its own bucket")

		time.Sleep(500 * time.Millisecond)
		require.Nil(t, send(t, stage, from("sub-1")))
	})
}

func TestFields(t *testing.T) {
	t.Parallel()
	minute := rate(30, time.Minute)
	day := registry.Limit{Rate: rate(3, 24*time.Hour)}
	tests := []struct {
		name   string
		config ratelimit.Config
		as     string
		sent   int
		want   map[string]string
	}{
		{"tell what is left", ratelimit.Config{Rate: minute}, "", 1, map[string]string{
			"RateLimit": `"30/minute";r=29;t=2`, "RateLimit-Policy": `"30/minute";q=30;w=60`,
			"X-RateLimit-Limit": "30", "X-RateLimit-Remaining": "29", "X-RateLimit-Reset": "2",
		}},
		{"bear the name of the policy", ratelimit.Config{Rate: minute}, "calm", 1, map[string]string{
			"RateLimit": `"calm:30/minute";r=29;t=2`, "RateLimit-Policy": `"calm:30/minute";q=30;w=60`,
			"X-RateLimit-Limit": "30", "X-RateLimit-Remaining": "29", "X-RateLimit-Reset": "2",
		}},
		{"come with a refusal", ratelimit.Config{Rate: minute, Burst: 1}, "", 2, map[string]string{
			"RateLimit": `"30/minute";r=0;t=2`, "RateLimit-Policy": `"30/minute";q=30;w=60`,
			"X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2",
		}},
		{"tell of each of several limits, and of the tightest to who knows one", ratelimit.Config{Limits: []registry.Limit{{Rate: minute}, day}}, "", 1, map[string]string{
			"RateLimit": `"30/minute";r=29;t=2, "3/day";r=2;t=28800`, "RateLimit-Policy": `"30/minute";q=30;w=60, "3/day";q=3;w=86400`,
			"X-RateLimit-Limit": "3", "X-RateLimit-Remaining": "2", "X-RateLimit-Reset": "28800",
		}},
		{"have no window that is not in whole seconds", ratelimit.Config{Rate: rate(1, 100*time.Millisecond)}, "", 1, map[string]string{
			"RateLimit": `"1/100ms";r=0;t=1`, "RateLimit-Policy": `"1/100ms";q=1`,
			"X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1",
		}},
		{"can be switched off", ratelimit.Config{Rate: minute, Headers: "off"}, "", 1, map[string]string{
			"RateLimit": "", "RateLimit-Policy": "", "X-RateLimit-Limit": "", "X-RateLimit-Remaining": "", "X-RateLimit-Reset": "",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				stage := newBench(t).must(t, orders, policy(tt.config).As(tt.as))
				var x *pipeline.Exchange
				for range tt.sent {
					x = from("sub-1")
					send(t, stage, x)
				}
				for field, value := range tt.want {
					require.Equal(t, value, strings.Join(x.Reply.Values(field), "|"), field)
				}
			})
		})
	}
}

func TestFieldsOfTwoPolicies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		wide := b.must(t, orders, policy(ratelimit.Config{Rate: rate(100, time.Second)}).As("wide"))
		narrow := b.must(t, orders, policy(ratelimit.Config{Rate: rate(5, time.Second)}).As("narrow"))
		for _, order := range [][2]pipeline.Stage{{wide, narrow}, {narrow, wide}} {
			x := from("sub-1")
			send(t, order[0], x)
			send(t, order[1], x)
			require.Len(t, x.Reply.Values("RateLimit"), 2)
			require.Len(t, x.Reply.Values("RateLimit-Policy"), 2)
			require.Equal(t, "5", x.Reply.Get("X-RateLimit-Limit"), "of the limit that leaves less")
		}
		x := from("sub-1")
		send(t, wide, x)
		require.Equal(t, []string{`"wide:100/s";q=100;w=1`}, x.Reply.Values("RateLimit-Policy"), "what is shared stays as it was")
	})
}

func TestLimitsOfThePlan(t *testing.T) {
	t.Parallel()
	stage := newBench(t).must(t, orders, policy(ratelimit.Config{}))
	with := func(plan *registry.Plan) func() *pipeline.Exchange {
		return func() *pipeline.Exchange {
			x := from("sub-1")
			if plan != nil {
				x = from("sub of " + plan.Name)
			}
			x.Subscription.Plan = plan
			return x
		}
	}
	gold := &registry.Plan{Name: "gold", Limits: []registry.Limit{{Rate: rate(4, time.Hour)}, {Rate: rate(100, 24*time.Hour), Burst: 3}}}
	silver := &registry.Plan{Name: "silver", Limits: []registry.Limit{{Rate: rate(2, time.Hour)}}}
	require.Equal(t, 3, passes(t, stage, 10, with(gold)), "the tightest of the limits counts")
	require.Equal(t, 2, passes(t, stage, 10, with(silver)))

	for name, plan := range map[string]*registry.Plan{"no plan": nil, "a plan without limits": {Name: "free"}} {
		x := with(plan)()
		require.Nil(t, send(t, stage, x), name)
		require.Equal(t, []pipeline.Decision{{Stage: "rate_limit", Verdict: pipeline.Pass, Code: ratelimit.CodeUnlimited}}, x.Decisions())
	}

	broken := &registry.Plan{Name: "broken", Limits: []registry.Limit{{}}}
	require.Zero(t, passes(t, stage, 3, with(broken)), "a limit that says nothing refuses")

	x := from("sub-1")
	x.Subscription = nil
	require.Equal(t, ratelimit.CodeKeyMissing, send(t, stage, x).Code)
}

func TestAPlanChangesWithoutAReload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stage := newBench(t).must(t, orders, policy(ratelimit.Config{}))
		plan := &registry.Plan{Limits: []registry.Limit{{Rate: rate(1, time.Second)}}}
		who := func() *pipeline.Exchange {
			x := from("sub-1")
			x.Subscription.Plan = plan
			return x
		}
		require.Equal(t, 1, passes(t, stage, 5, who))
		plan = &registry.Plan{Limits: []registry.Limit{{Rate: rate(10, time.Second)}}}
		time.Sleep(time.Second)
		require.Equal(t, 10, passes(t, stage, 20, who))
	})
}

func TestWhoIsCountedTogether(t *testing.T) {
	t.Parallel()
	alter := func(f func(x *pipeline.Exchange)) *pipeline.Exchange {
		x := from("sub-1")
		f(x)
		return x
	}
	address := func(s string) *pipeline.Exchange {
		return alter(func(x *pipeline.Exchange) { x.Client = netip.MustParseAddr(s) })
	}
	identity := func(id *pipeline.Identity) *pipeline.Exchange {
		return alter(func(x *pipeline.Exchange) { x.Identity = id })
	}
	subscription := func(s *registry.Subscription) *pipeline.Exchange {
		return alter(func(x *pipeline.Exchange) { x.Subscription = s })
	}
	tests := []struct {
		name string
		per  string
		a, b *pipeline.Exchange
		same bool
	}{
		{"one subscription", "subscription", from("s"), from("s"), true},
		{"two subscriptions", "subscription", from("s"), from("t"), false},
		{"two subscriptions without id of one consumer", "subscription", subscription(&registry.Subscription{Consumer: "a", API: "x"}), subscription(&registry.Subscription{Consumer: "a", API: "y"}), false},
		{"subscriptions whose names run together", "subscription", subscription(&registry.Subscription{Consumer: "a1", API: "b"}), subscription(&registry.Subscription{Consumer: "a", API: "1b"}), false},
		{"one consumer with two subscriptions", "consumer", from("s"), from("t"), true},
		{"two subjects", "subject", identity(&pipeline.Identity{Subject: "a"}), identity(&pipeline.Identity{Subject: "b"}), false},
		{"one subject of two issuers", "subject", identity(&pipeline.Identity{Subject: "a", Issuer: "x"}), identity(&pipeline.Identity{Subject: "a", Issuer: "y"}), false},
		{"long subjects that differ at the end", "subject", identity(&pipeline.Identity{Subject: strings.Repeat("a", 5000) + "1"}), identity(&pipeline.Identity{Subject: strings.Repeat("a", 5000) + "2"}), false},
		{"a value that spells a part of a key", "subject", identity(&pipeline.Identity{Subject: "a", Issuer: "3=x"}), identity(&pipeline.Identity{Subject: "x1=a", Issuer: "3="}), false},
		{"one IPv4 address in two spellings", "address", address("192.0.2.1"), address("::ffff:192.0.2.1"), true},
		{"two IPv4 addresses", "address", address("192.0.2.1"), address("192.0.2.2"), false},
		{"two IPv6 addresses of one network", "address", address("2001:db8::1"), address("2001:db8::ffff:2"), true},
		{"two IPv6 networks", "address", address("2001:db8::1"), address("2001:db8:0:1::1"), false},
		{"all callers of a route", "route", from("s"), from("t"), true},
		{"all callers of an API", "api", from("s"), from("t"), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var keys []string
			b := newBench(t, ratelimit.Fixed("fake", fake{keys: &keys}))
			stage := b.must(t, orders, policy(ratelimit.Config{Per: tt.per, Rate: rate(1, time.Hour), Store: &registry.Policy{Kind: "fake"}}))
			require.Nil(t, send(t, stage, tt.a))
			require.Nil(t, send(t, stage, tt.b))
			require.Len(t, keys, 2)
			require.Equal(t, tt.same, keys[0] == keys[1], keys)
			require.Less(t, len(keys[0]), 512, "keys are bounded")
		})
	}
}

func TestNobodyToCountForIsRefused(t *testing.T) {
	t.Parallel()
	for _, per := range []string{"subscription", "consumer", "subject", "address"} {
		t.Run("per "+per, func(t *testing.T) {
			t.Parallel()
			stage := newBench(t).must(t, orders, policy(ratelimit.Config{Per: per, Rate: rate(1, time.Hour)}))
			x := &pipeline.Exchange{In: httptest.NewRequest(http.MethodGet, "/", nil), Identity: &pipeline.Identity{}, Subscription: &registry.Subscription{}}
			p := send(t, stage, x)
			require.Equal(t, 403, p.Status)
			require.Equal(t, ratelimit.CodeKeyMissing, p.Code)
		})
	}
}

func TestAddressesAreCountedBeforeAuthentication(t *testing.T) {
	t.Parallel()
	stage := newBench(t).must(t, orders, policy(ratelimit.Config{Per: "address", Rate: rate(1, time.Hour)}))
	require.Equal(t, pipeline.Guard, stage.Phase)
}

func TestWhichRoutesShareBuckets(t *testing.T) {
	t.Parallel()
	list := registry.Route{Name: "list-orders", API: "orders/v1"}
	users := registry.Route{Name: "get-user", API: "users/v1"}
	loose := registry.Route{Name: "loose"}
	hourly := ratelimit.Config{Per: "consumer", Rate: rate(1, time.Hour)}
	routewise, everywhere, faster := hourly, hourly, hourly
	routewise.Scope, everywhere.Scope, faster.Rate = "route", "all", rate(2, time.Hour)
	tests := []struct {
		name   string
		routes [2]registry.Route
		one    registry.Policy
		two    registry.Policy
		share  bool
	}{
		{"routes of one API do", [2]registry.Route{orders, list}, policy(hourly), policy(hourly), true},
		{"routes of two APIs do not", [2]registry.Route{orders, users}, policy(hourly), policy(hourly), false},
		{"routes of no API do not", [2]registry.Route{loose, {Name: "other"}}, policy(hourly), policy(hourly), false},
		{"routes that are counted by themselves do not", [2]registry.Route{orders, list}, policy(routewise), policy(routewise), false},
		{"all routes do where asked for", [2]registry.Route{orders, users}, policy(everywhere), policy(everywhere), true},
		{"two policies of other names do not", [2]registry.Route{orders, orders}, policy(hourly), policy(hourly).As("second"), false},
		{"two policies of other limits do not", [2]registry.Route{orders, list}, policy(hourly), policy(faster), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			one, two := b.must(t, tt.routes[0], tt.one), b.must(t, tt.routes[1], tt.two)
			require.Nil(t, send(t, one, from("s")))
			require.Equal(t, tt.share, send(t, two, from("s")) != nil)
		})
	}
}

func TestCountersSurviveAReload(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := policy(ratelimit.Config{Rate: rate(1, time.Hour)})
	before, old, err := b.build(orders, p)
	require.NoError(t, err)
	require.Nil(t, send(t, before, from("s")))
	after, _, err := b.build(orders, p) // compiled before the old one is let go
	require.NoError(t, err)
	old.Close()
	require.NotNil(t, send(t, after, from("s")))
}

func TestALimiterThatFails(t *testing.T) {
	t.Parallel()
	b := newBench(t, ratelimit.Fixed("broken", fake{err: errors.New("store away")}))
	config := ratelimit.Config{Rate: rate(1, time.Hour), Store: &registry.Policy{Kind: "broken"}}
	x := from("s")
	p := send(t, b.must(t, orders, policy(config)), x)
	require.Equal(t, 503, p.Status)
	require.Equal(t, ratelimit.CodeUnavailable, p.Code)
	require.Empty(t, x.Reply)

	config.OnError = "allow"
	x = from("s")
	require.Nil(t, send(t, b.must(t, orders, policy(config)), x))
	require.Equal(t, []pipeline.Decision{{Stage: "rate_limit", Verdict: pipeline.Warn, Code: ratelimit.CodeUnavailable}}, x.Decisions())
}

func TestALimiterThatSaysNothingRefuses(t *testing.T) {
	t.Parallel()
	stage, err := ratelimit.New(&pipeline.Env{}, silent{}, ratelimit.Config{Rate: rate(1, time.Hour)})
	require.NoError(t, err)
	p := send(t, stage, from("s"))
	require.Equal(t, ratelimit.CodeLimited, p.Code)
	require.Equal(t, "1", p.Header.Get("Retry-After"))
}

type silent struct{}

func (silent) Take(context.Context, []ratelimit.Ask, []ratelimit.Result) error { return nil }

func TestFaultsOfSettings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		route  registry.Route
		config string
		fields []string
	}{
		{"words that are none", orders, `{"rate":"1/s","per":"adress","scope":"world","headers":"yes","on_error":"pass"}`, []string{"/per", "/scope", "/headers", "/on_error"}},
		{"a rate beside limits", orders, `{"rate":"1/s","limits":[{"rate":"1/s"}]}`, []string{"/limits"}},
		{"a burst without a rate", orders, `{"burst":3}`, []string{"/burst"}},
		{"a burst below 0", orders, `{"rate":"1/s","burst":-1}`, []string{"/burst"}},
		{"limits that say nothing", orders, `{"limits":[{"rate":"1/s"},{"burst":-1}]}`, []string{"/limits/1/rate", "/limits/1/burst"}},
		{"too many limits", orders, `{"limits":[` + strings.Repeat(`{"rate":"1/s"},`, 8) + `{"rate":"1/s"}]}`, []string{"/limits"}},
		{"an address has no plan", orders, `{"per":"address"}`, []string{"/rate"}},
		{"per api on a route of none", registry.Route{Name: "loose"}, `{"per":"api","rate":"1/s"}`, []string{"/per"}},
		{"scope api on a route of none", registry.Route{Name: "loose"}, `{"scope":"api","rate":"1/s"}`, []string{"/scope"}},
		{"a scope beside one that is given", orders, `{"per":"route","scope":"api","rate":"1/s"}`, []string{"/scope"}},
		{"an unknown store", orders, `{"rate":"1/s","store":{"redsi":{}}}`, []string{"/store/redsi"}},
		{"faults of the store", orders, `{"rate":"1/s","store":{"memory":{"max_keys":-1}}}`, []string{"/store/memory/max_keys"}},
		{"a store that the program left out", orders, `{"rate":"1/s","store":{"nil":{}}}`, []string{"/store/nil"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, ratelimit.Fixed("nil", nil))
			_, _, err := b.build(tt.route, registry.Policy{Kind: "rate_limit", Config: json.RawMessage(tt.config)})
			require.Error(t, err)
			var fields []string
			for _, f := range registry.AsFaults(err) {
				fields = append(fields, f.Field)
			}
			require.Equal(t, tt.fields, fields)
		})
	}
}

func TestPoliciesReadBackAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	store := registry.NewPolicy("memory", ratelimit.MemoryConfig{MaxKeys: 1000})
	c := ratelimit.Config{Per: "consumer", Limits: []registry.Limit{{Rate: rate(20, 10*time.Second), Burst: 3}}, Store: &store, OnError: "allow"}
	var back ratelimit.Config
	require.NoError(t, registry.Decode(policy(c).Config, &back))
	require.Equal(t, c, back)
	require.Equal(t, "{}", string(policy(ratelimit.Config{}).Config))
}

func BenchmarkStage(b *testing.B) {
	plan := &registry.Plan{Limits: []registry.Limit{{Rate: rate(1_000_000_000, time.Second)}, {Rate: rate(1_000_000_000, time.Minute)}}}
	benchmarks := []struct {
		name   string
		config ratelimit.Config
	}{
		{"one rate", ratelimit.Config{Rate: rate(1_000_000_000, time.Second)}},
		{"one rate without fields", ratelimit.Config{Rate: rate(1_000_000_000, time.Second), Headers: "off"}},
		{"two of a plan", ratelimit.Config{}},
		{"address", ratelimit.Config{Per: "address", Rate: rate(1_000_000_000, time.Second)}},
	}
	for _, bm := range benchmarks {
		b.Run(bm.name, func(b *testing.B) {
			stage := newBench(b).must(b, orders, policy(bm.config))
			h := stage.Wrap(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, nil })
			before := from("sub-1")
			before.Subscription.Plan = plan
			reply := http.Header{}
			x := &pipeline.Exchange{}
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				clear(reply)
				*x = pipeline.Exchange{In: before.In, Reply: reply, Client: before.Client, Identity: before.Identity, Subscription: before.Subscription}
				if _, err := h(ctx, x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

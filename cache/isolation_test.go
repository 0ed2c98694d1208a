package cache_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/cache/memory"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// someone makes a caller out of few possibilities, so that callers that differ
// in one thing alone are frequent.
func someone(r *rand.Rand) (*pipeline.Identity, *registry.Subscription, *pipeline.Grant) {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	var id *pipeline.Identity
	var sub *registry.Subscription
	var grant *pipeline.Grant
	if r.IntN(4) > 0 {
		id = &pipeline.Identity{
			Scheme: pick("jwt", "api_key"), Issuer: pick("", "a", "ab"), Subject: pick("a", "b", "ab", "a\x01b"), Consumer: pick("", "c"),
			Scopes: []string{pick("read", "write")}, Roles: []string{pick("x", "y")},
			Claims: map[string]any{"tier": pick("1", "2"), "n": []any{float64(r.IntN(2)), nil, true}},
		}
	}
	if r.IntN(3) > 0 {
		sub = &registry.Subscription{ID: pick("s1", "s2", "a"), Consumer: pick("c", "d"), API: pick("v1", "v2"), Scopes: []string{pick("p", "q")}}
	}
	if r.IntN(3) > 0 {
		grant = &pipeline.Grant{AllFields: r.IntN(2) == 0, PII: r.IntN(2) == 0, Fields: []string{pick("f", "g")}, Scopes: []string{pick("u", "v")}}
	}
	return id, sub, grant
}

// A perspective is all that an answer may depend on: the model that keys are
// held to.
type perspective struct {
	shared bool
	stages []pipeline.Stage
	unsaid bool // a stage does not tell what it depends on
}

// of writes down what an answer to x may depend on, in a way that is wasteful
// and plain.
func (p perspective) of(x *pipeline.Exchange) string {
	var b strings.Builder
	if !p.shared {
		switch {
		case x.Subscription != nil:
			fmt.Fprintf(&b, "sub %q %q %q\n", x.Subscription.ID, x.Subscription.Consumer, x.Subscription.API)
		case x.Identity != nil:
			fmt.Fprintf(&b, "id %q %q %q %q\n", x.Identity.Scheme, x.Identity.Issuer, x.Identity.Subject, x.Identity.Consumer)
		}
	}
	for _, s := range p.stages {
		if s.Vary != nil {
			fmt.Fprintf(&b, "%s %q\n", s.Name, s.Vary(x))
		}
	}
	if p.unsaid {
		fmt.Fprintf(&b, "%#v %#v %#v", deref(x.Identity), deref(x.Subscription), deref(x.Grant))
	}
	return b.String()
}

func deref[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// TestNobodyGetsWhatIsForAnother sends random callers through random stages.
// The backend answers each with all that the answer may depend on for it; who
// gets another text got what was made for another.
func TestNobodyGetsWhatIsForAnother(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	said := []pipeline.Stage{
		{Name: "rewrite", Vary: anyone},
		{Name: "mask", Vary: func(x *pipeline.Exchange) string { return fmt.Sprint(x.Grant != nil && x.Grant.PII) }},
		{Name: "fields", Vary: func(x *pipeline.Exchange) string { return fmt.Sprintf("%#v", deref(x.Grant)) }},
		{Name: "negotiate", Vary: func(x *pipeline.Exchange) string { return x.In.Header.Get("Accept") }},
	}
	unsaid := pipeline.Stage{Name: "unsaid"}
	hits := 0
	for range 60 {
		p := perspective{shared: r.IntN(3) == 0}
		for _, s := range said {
			if r.IntN(2) == 0 {
				p.stages = append(p.stages, s)
			}
		}
		if !p.shared && r.IntN(3) == 0 {
			p.unsaid, p.stages = true, append(p.stages, unsaid)
		}
		stage, err := cache.New(gatewaytest.Env(t), memory.New(memory.Config{}), cache.Config{Shared: p.shared})
		require.NoError(t, err)
		require.NoError(t, stage.Inner(p.stages))
		for range 300 {
			id, sub, grant := someone(r)
			x := gatewaytest.NewExchange(http.MethodGet, fmt.Sprintf("/%d", r.IntN(2)),
				gatewaytest.Identity(id), gatewaytest.Subscription(sub), gatewaytest.Grant(grant), with("Accept", fmt.Sprint(r.IntN(2))))
			got := gatewaytest.Run(t, stage, x, gatewaytest.Next(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
				return fresh(x, x.In.URL.Path+p.of(x)), nil
			}))
			require.Equal(t, x.In.URL.Path+p.of(x), got.Body)
			if code(got) == cache.CodeHit {
				hits++
			}
		}
	}
	require.Positive(t, hits, "a cache that never hits is no proof")
}

func TestWhatBelongsToTheKey(t *testing.T) {
	t.Parallel()
	type options = []gatewaytest.Option
	one, two := &registry.Subscription{ID: "1"}, &registry.Subscription{ID: "2"}
	alice, bob := &pipeline.Identity{Subject: "alice"}, &pipeline.Identity{Subject: "bob"}
	tests := map[string]struct {
		config  cache.Config
		targets [2]string
		opts    [2]options
		same    bool
	}{
		"the same":                             {same: true},
		"a path":                               {targets: [2]string{"/a", "/b"}},
		"a query":                              {targets: [2]string{"/a?x=1", "/a?x=2"}},
		"an empty query and none":              {targets: [2]string{"/a", "/a?x"}},
		"the order of a query":                 {targets: [2]string{"/a?x=1&y=2", "/a?y=2&x=1"}},
		"a path and a query that look alike":   {targets: [2]string{"/a?b", "/a%3Fb"}},
		"a host":                               {opts: [2]options{{gatewaytest.Host("a.example")}, {gatewaytest.Host("b.example")}}},
		"a scheme":                             {targets: [2]string{"http://example.com/a", "https://example.com/a"}},
		"a subscription":                       {opts: [2]options{{gatewaytest.Subscription(one)}, {gatewaytest.Subscription(two)}}},
		"a subscription and nobody":            {opts: [2]options{{gatewaytest.Subscription(one)}, nil}},
		"a subject":                            {opts: [2]options{{gatewaytest.Identity(alice)}, {gatewaytest.Identity(bob)}}},
		"a subscription, whoever uses it":      {opts: [2]options{{gatewaytest.Subscription(one), gatewaytest.Identity(alice)}, {gatewaytest.Subscription(one), gatewaytest.Identity(bob)}}, same: true},
		"no subscription where it is shared":   {config: cache.Config{Shared: true}, opts: [2]options{{gatewaytest.Subscription(one)}, {gatewaytest.Subscription(two)}}, same: true},
		"an environment":                       {opts: [2]options{{gatewaytest.Environment("test")}, {gatewaytest.Environment("production")}}},
		"a field that the settings name":       {config: cache.Config{Key: cache.KeyConfig{Headers: []string{"x-a"}}}, opts: [2]options{{with("X-A", "1")}, {with("X-A", "2")}}},
		"an empty field that they name":        {config: cache.Config{Key: cache.KeyConfig{Headers: []string{"x-a"}}}, opts: [2]options{{with("X-A", "")}, nil}},
		"no other field":                       {opts: [2]options{{with("X-A", "1")}, {with("X-A", "2")}}, same: true},
		"no parameter that is ignored":         {config: ignoring("u"), targets: [2]string{"/a?x=1&u=1", "/a?x=1&u=2"}, same: true},
		"no ignored one in another spelling":   {config: ignoring("u"), targets: [2]string{"/a?x=1&%75=1", "/a?x=1"}, same: true},
		"all parameters that are not":          {config: ignoring("u"), targets: [2]string{"/a?x=1&u=1", "/a?x=2&u=1"}},
		"what an ignored one may hide":         {config: ignoring("u"), targets: [2]string{"/a?u=1;x=1", "/a?u=1;x=2"}},
		"what cannot be decoded":               {config: ignoring("u"), targets: [2]string{"/a?%zz=1", "/a?%zz=2"}},
		"no parameter beside those included":   {config: including("x"), targets: [2]string{"/a?x=1&u=1", "/a?x=1&v=2"}, same: true},
		"all parameters that are included":     {config: including("x"), targets: [2]string{"/a?x=1", "/a?x=2"}},
		"what stands behind ; in one included": {config: including("x"), targets: [2]string{"/a?u=1;x=1", "/a?u=1;x=2"}},
		"a credential, where it is kept by caller": {
			config: cache.Config{Authorization: "caller", Shared: true},
			opts:   [2]options{{with("Authorization", "Bearer a")}, {with("Authorization", "Bearer b")}},
		},
		"the same credential of two subjects": {
			config: cache.Config{Authorization: "caller", Shared: true},
			opts: [2]options{
				{with("Authorization", "Bearer a"), gatewaytest.Identity(alice)},
				{with("Authorization", "Bearer a"), gatewaytest.Identity(bob)},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, test.config, ok("1", "Cache-Control", "max-age=60"), ok("2", "Cache-Control", "max-age=60"))
			for i, target := range test.targets {
				if target == "" {
					test.targets[i] = "/a"
				}
			}
			require.Equal(t, "1", b.do(t, http.MethodGet, test.targets[0], test.opts[0]...).Body)
			x := gatewaytest.NewExchange(http.MethodGet, test.targets[1], test.opts[1]...)
			second := gatewaytest.Run(t, b.stage, x, gatewaytest.Next(b.backend))
			require.Equal(t, test.same, second.Body == "1")
			require.Equal(t, "1", b.do(t, http.MethodGet, test.targets[0], test.opts[0]...).Body)
		})
	}
}

func ignoring(names ...string) cache.Config {
	return cache.Config{Key: cache.KeyConfig{Query: cache.QueryConfig{Ignore: names}}}
}

func including(names ...string) cache.Config {
	return cache.Config{Key: cache.KeyConfig{Query: cache.QueryConfig{Include: names}}}
}

func TestASharedCacheDoesNotStandAroundAStageThatDoesNotTell(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{Shared: true}, ok("a"))
	err := b.stage.Inner([]pipeline.Stage{{Name: "told", Vary: anyone}, {Name: "mask"}})
	require.ErrorContains(t, err, `"mask"`)
	b.build(t, cache.Config{})
	require.NoError(t, b.stage.Inner([]pipeline.Stage{{Name: "mask"}}))
}

// TestACacheThatWasNotIntroducedKeepsCallersApart: what stands behind it might
// be anything.
func TestACacheThatWasNotIntroducedKeepsCallersApart(t *testing.T) {
	t.Parallel()
	stage, err := cache.New(gatewaytest.Env(t), memory.New(memory.Config{}), cache.Config{Shared: true})
	require.NoError(t, err)
	h := func(body string) gatewaytest.Option {
		return gatewaytest.Next(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) { return fresh(x, body), nil })
	}
	for _, name := range []string{"alice", "bob", "alice"} {
		x := gatewaytest.NewExchange(http.MethodGet, "/a", gatewaytest.Identity(&pipeline.Identity{Subject: name}))
		require.Equal(t, name, gatewaytest.Run(t, stage, x, h(name)).Body)
	}
}

// TestACallerIsAlsoItsAddress where a stage may depend on anything.
func TestACallerIsAlsoItsAddress(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{}, ok("1", "Cache-Control", "max-age=60"), ok("2", "Cache-Control", "max-age=60"))
	require.Equal(t, "1", b.fetch(t, gatewaytest.Client("192.0.2.1")).Body)
	require.Equal(t, "1", b.fetch(t, gatewaytest.Client("192.0.2.2")).Body)
	require.NoError(t, b.stage.Inner([]pipeline.Stage{{Name: "quiet"}}))
	require.Equal(t, "2", b.fetch(t, gatewaytest.Client("192.0.2.1")).Body)
	b.then(ok("3", "Cache-Control", "max-age=60"))
	require.Equal(t, "3", b.fetch(t, gatewaytest.Client("192.0.2.2")).Body)
}

func TestEntriesOfOneRouteAreNotThoseOfAnother(t *testing.T) {
	t.Parallel()
	route := func(r registry.Route) gatewaytest.Option { return gatewaytest.Route(&r) }
	mask := []registry.Policy{{Kind: "mask", Config: []byte(`{"fields":["ssn"]}`)}}
	b := newBench(t, cache.Config{}, ok("1", "Cache-Control", "max-age=60"), ok("2", "Cache-Control", "max-age=60"),
		ok("3", "Cache-Control", "max-age=60"), ok("4", "Cache-Control", "max-age=60"))
	for i, r := range []registry.Route{{Name: "a"}, {Name: "b"}, {Name: "a", Policies: mask}, {Name: "a", Upstream: "other"}} {
		b.build(t, cache.Config{}, route(r))
		require.Equal(t, itoa(i+1), b.fetch(t).Body)
		require.Equal(t, itoa(i+1), b.fetch(t).Body)
	}
	b.build(t, cache.Config{}, route(registry.Route{Name: "a"}))
	require.Equal(t, "1", b.fetch(t).Body, "what was served before is there again")
}

// TestWhatIsTakenAwayFromARequestDoesNotCount: a credential that the backend
// does not get cannot have made a difference.
func TestWhatIsTakenAwayFromARequestDoesNotCount(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{}, ok("a", "Cache-Control", "max-age=60"))
	for range 2 {
		x := gatewaytest.NewExchange(http.MethodGet, "/a?key=secret", with("Authorization", "Bearer a"))
		x.Del("Authorization")
		x.SetTarget("/a")
		gatewaytest.Run(t, b.stage, x, gatewaytest.Next(b.backend))
	}
	require.Equal(t, 1, b.asked())
}

// TestEditsBehindTheCacheDoNotChooseAnEntry: an answer is found again by the
// request as it stood before them.
func TestEditsBehindTheCacheDoNotChooseAnEntry(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{}, ok("a", "Cache-Control", "max-age=60", "Vary", "Accept"))
	b.inner = []pipeline.Stage{{Name: "edit", Phase: pipeline.Transform, Vary: anyone, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			x.Set("Accept", "application/json")
			x.SetTarget("/inner")
			return next(ctx, x)
		}
	}}}
	b.build(t, cache.Config{})
	b.fetch(t, with("Accept", "*/*"))
	require.Equal(t, cache.CodeHit, code(b.fetch(t, with("Accept", "*/*"))))
	b.do(t, http.MethodPut, "/things/1")
	require.Equal(t, cache.CodeMiss, code(b.fetch(t, with("Accept", "*/*"))))
}

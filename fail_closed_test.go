package gateway_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/standard"
)

// An injection is a fault in the settings of a kind, and what the refusal says
// of it: where within the settings, and why.
type injection struct{ settings, field, want string }

// injections holds for each kind, by what it makes and its name, the faults
// beside an unknown member: a secret or key file that is away, a reference that
// leads nowhere, and where a kind reaches for nothing, a setting that cannot be.
func injections() map[string][]injection {
	empty := []injection{{`[]`, "", "want an object"}}
	return map[string][]injection{
		"[]pipeline.Stage authenticate": {
			{`{"any_of":[{"api_key":{"secret":{"env":"GATEWAY_TEST_NEVER_SET"}}}]}`, "/any_of/0/api_key/secret", "GATEWAY_TEST_NEVER_SET is not set"},
			{`{"all_of":[{"badge":{}}]}`, "/all_of/0/badge", `unknown kind "badge"`},
			{`{"any_of":[{"api_key":{"secret":{"env":"PATH"}}}],"throttle":{"address":-1}}`, "/throttle/address", "want 1 to 1000000"},
		},
		"[]pipeline.Stage deny":           {{`{"hide":"maybe"}`, "/hide", "want true or false"}},
		"[]pipeline.Stage public":         empty,
		"[]pipeline.Stage cache":          {{`{"store":{"disk":{}}}`, "/store/disk", `unknown kind "disk"`}},
		"[]pipeline.Stage redirect":       {{`{"to":"/{param.nobody}"}`, "/to", "nobody"}},
		"[]pipeline.Stage respond":        {{`{"status":99}`, "/status", "99"}},
		"[]pipeline.Stage compress":       {{`{"encodings":["lzma"]}`, "/encodings/0", "lzma"}},
		"[]pipeline.Stage correlation_id": {{`{"accept":"always"}`, "/accept", "always"}},
		"[]pipeline.Stage environment":    {{`{"hide":"maybe"}`, "/hide", "want true or false"}},
		"[]pipeline.Stage select":         {{`{"fields":["a..b"]}`, "/fields/0", "want a name"}},
		"[]pipeline.Stage allow_ips":      {{`{"allow":["10.0.0.0/33"]}`, "/allow/0", "10.0.0.0/33"}},
		"[]pipeline.Stage mask":           {{`{"fields":[]}`, "/fields", "at least one"}},
		"[]pipeline.Stage payload":        {{`{"json":{"depth":1001},"xml":{"depth":-1}}`, "/json/depth", "want 1 to 1000"}},
		"[]pipeline.Stage problems":       {{`{"statuses":[200]}`, "/statuses/0", "200"}},
		"[]pipeline.Stage roles":          {{`{"any":[""]}`, "/any", "empty role"}},
		"[]pipeline.Stage trace":          {{`{"accept":"always"}`, "/accept", "always"}, {`{"send":["b4"]}`, "/send/0", "b4"}},
		"[]pipeline.Stage scopes":         {{`{"all":[""]}`, "/all", "empty scope"}},
		"[]pipeline.Stage cors":           {{`{"origins":["*"],"credentials":true}`, "/origins/0", "credentials"}},
		"[]pipeline.Stage headers":        {{`{"request":{"set":{"X-A":"{nobody}"}}}`, "/request/set/X-A", "nobody"}},
		"[]pipeline.Stage rate_limit":     {{`{"per":"address","rate":"1/s","store":{"disk":{}}}`, "/store/disk", `unknown kind "disk"`}},
		"[]pipeline.Stage in_flight":      {{`{"per":"address"}`, "/max", "want a number"}},
		"[]pipeline.Stage unit_limit": {
			{`{"unit":"tokens","per":"address","rate":"1/s","store":{"disk":{}}}`, "/store/disk", `unknown kind "disk"`},
			{`{"unit":"tokens","per":"address","rate":"1/s","paths":["a..b"]}`, "/paths/0", "want names"},
		},
		"[]pipeline.Stage breaker":      {{`{"error_ratio":2}`, "/error_ratio", "want a share"}},
		"[]pipeline.Stage bulkhead":     {{`{"max_concurrent":-1}`, "/max_concurrent", "want 1 to 1000000"}},
		"[]pipeline.Stage fallback":     {{`{"respond":{"status":99}}`, "/respond/status", "99"}},
		"[]pipeline.Stage retry":        {{`{"attempts":-1}`, "/attempts", "want 1 to 10"}},
		"[]pipeline.Stage timeout":      {{`{"total":"-1s"}`, "/total", "want a duration"}},
		"[]pipeline.Stage subscription": {{`{}`, "/api", "belongs to no API"}},
		"[]pipeline.Stage body":         {{`{"max":"1GiB","buffer":true}`, "/max", "256MiB"}},

		"authn.Authenticator api_key": {
			{`{"secret":{"file":"/nowhere/secret"}}`, "/secret", "/nowhere/secret"},
			{`{"secret":{"env":"GATEWAY_TEST_NEVER_SET"}}`, "/secret", "GATEWAY_TEST_NEVER_SET is not set"},
		},
		"authn.Authenticator jwt": {
			{`{"issuer":"https://idp.test","audience":"a","jwks_file":"/nowhere/jwks.json"}`, "/jwks_file", "/nowhere/jwks.json"},
			{`{"issuer":"https://idp.test","audience":"a","jwks_url":"ftp://idp.test/keys"}`, "/jwks_url", "want https"},
		},
		"cache.Store memory":                  {{`{"size":"-1B"}`, "/size", "want a size"}},
		"ratelimit.Limiter memory":            {{`{"max_keys":-1}`, "/max_keys", "want 1 or more"}},
		"ratelimit.Limiter redis":             {{`{}`, "", "this gateway was started without a Redis"}},
		"upstream.Balancer hash":              {{`{"header":"X-A","cookie":"a"}`, "/cookie", "not both"}},
		"upstream.Balancer least_connections": empty,
		"upstream.Balancer random_two":        empty,
		"upstream.Balancer round_robin":       empty,
	}
}

// A site is where a configuration names kinds of one sort, and what a fault of
// one of them names.
type site struct {
	route, upstream, policy string
	prefix                  string // of the kind, within what is named
	put                     func(s *registry.Snapshot, p registry.Policy)
}

// siteOf returns the site of the kinds that make such a thing.
func siteOf(t testing.TB, makes, kind string) site {
	t.Helper()
	nested := func(policy, list string, around func(p registry.Policy) any) site {
		return site{route: "faulty", policy: policy, prefix: list + "/" + kind, put: func(s *registry.Snapshot, p registry.Policy) {
			s.Routes = append(s.Routes, public("faulty", "/faulty", "b", registry.NewPolicy(policy, around(p))))
		}}
	}
	type object = map[string]any
	switch makes {
	case "[]pipeline.Stage":
		return site{route: "faulty", policy: kind, put: func(s *registry.Snapshot, p registry.Policy) {
			r := public("faulty", "/faulty", "b", p)
			if kind == "public" {
				r.Policies = r.Policies[:1]
			}
			s.Routes = append(s.Routes, r)
		}}
	case "authn.Authenticator":
		return nested("authenticate", "/any_of/0", func(p registry.Policy) any { return object{"any_of": []registry.Policy{p}} })
	case "ratelimit.Limiter":
		return nested("rate_limit", "/store", func(p registry.Policy) any { return object{"per": "address", "rate": "1/s", "store": p} })
	case "cache.Store":
		return nested("cache", "/store", func(p registry.Policy) any { return object{"store": p} })
	case "upstream.Balancer":
		return site{upstream: "u", prefix: "/balancer/" + kind, put: func(s *registry.Snapshot, p registry.Policy) {
			s.Upstreams = []registry.Upstream{{Name: "u", Balancer: &p, Endpoints: []registry.Endpoint{{URL: "http://127.0.0.1:1"}}}}
			s.Routes = append(s.Routes, public("faulty", "/faulty", "u"))
		}}
	}
	require.FailNow(t, "no configuration is known to name a kind", makes)
	return site{}
}

// everyKind is what a gateway can be made of: the kinds of the core module, and
// a limiter whose server nobody gave.
func everyKind() []pipeline.AnyKind { return append(standard.All(), redislimit.Kind(nil)) }

func everyKindKnown() gateway.Option { return gateway.Kinds(everyKind()...) }

func TestAComponentThatCannotBeBuiltRefusesTheConfiguration(t *testing.T) {
	t.Parallel()
	cases := injections()
	for _, k := range everyKind() {
		key := k.Makes().String() + " " + k.KindName()
		injected, ok := cases[key]
		require.True(t, ok && len(injected) > 0, "no fault is injected into %s", key)
		delete(cases, key)
		unknown := injection{`{"no_such_member":1}`, "/no_such_member", `unknown member "no_such_member"`}
		for _, in := range append(slices.Clone(injected), unknown) {
			t.Run(key+" with "+in.settings, func(t *testing.T) {
				t.Parallel()
				refusedEverywhere(t, siteOf(t, k.Makes().String(), k.KindName()), registry.Policy{Kind: k.KindName(), Config: []byte(in.settings)}, in)
			})
		}
	}
	require.Empty(t, cases, "faults are injected into what is not there")
}

func TestAKindThatIsNotThereRefusesTheConfiguration(t *testing.T) {
	t.Parallel()
	sorts := map[string]bool{}
	for _, k := range everyKind() {
		sorts[k.Makes().String()] = true
	}
	for makes := range sorts {
		t.Run(makes, func(t *testing.T) {
			t.Parallel()
			refusedEverywhere(t, siteOf(t, makes, "plugin"), registry.Policy{Kind: "plugin"}, injection{"", "", `unknown kind "plugin"`})
		})
	}
}

// refusedEverywhere holds a gateway that serves to going on, and one that does
// not serve yet to staying so, whichever way the configuration comes.
func refusedEverywhere(t *testing.T, at site, p registry.Policy, in injection) {
	t.Helper()
	faulty := snapshot("2", public("one", "/one", "b"))
	at.put(faulty, p)
	named := func(err error) {
		t.Helper()
		require.Error(t, err)
		for _, f := range registry.AsFaults(err) {
			if f.Route == at.route && f.Upstream == at.upstream && f.Policy == at.policy && f.Field == at.prefix+in.field && strings.Contains(f.Error(), in.want) {
				return
			}
		}
		require.Fail(t, "the fault is not named", "want %+v %+v among\n%v", at, in, err)
	}

	g := newBare(t, gateway.Snapshot(snapshot("1", public("one", "/one", "b"))))
	named(g.Apply(t.Context(), registry.Update{Snapshot: faulty}))
	require.True(t, g.Serving(), "what was served goes on")
	status, body := get(g, "/one")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "b", body)
	require.Equal(t, pipeline.CodeRouteUnknown, code(t, g, "/faulty"), "nothing of the refused configuration serves")
	require.Equal(t, "1", g.Config().Version)
	require.Equal(t, "2", g.Config().Refused.Version)

	first := newBare(t)
	named(first.Apply(t.Context(), registry.Update{Snapshot: faulty}))
	require.False(t, first.Serving())
	for _, path := range []string{"/one", "/faulty"} {
		require.Equal(t, pipeline.CodeDraining, code(t, first, path), "there is no part of a gateway")
	}

	none, err := gateway.New(everyKindKnown(), gateway.Upstream("b", text("b")), gateway.Snapshot(faulty))
	named(err)
	require.Nil(t, none)

	source := sourceFunc(func(_ context.Context, apply func(registry.Update) error) error {
		return apply(registry.Update{Snapshot: faulty})
	})
	run := newBare(t, gateway.Source(source))
	named(run.Run(t.Context()))
	require.False(t, run.Serving())
	select {
	case <-run.Ready():
		require.Fail(t, "a gateway that could not start was ready")
	default:
	}
}

// newBare makes a gateway of every kind, with a backend in process.
func newBare(t testing.TB, options ...gateway.Option) *gateway.Gateway {
	t.Helper()
	g, err := gateway.New(append(options, everyKindKnown(), gateway.Upstream("b", text("b")))...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = g.Close() })
	return g
}

package registry_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
)

func policy(kind string) registry.Policy { return registry.Policy{Kind: kind} }

func off(kind string) registry.Policy { return registry.Policy{Kind: kind, Off: true} }

func set(kind, config string) registry.Policy {
	return registry.Policy{Kind: kind, Config: json.RawMessage(config)}
}

func kinds(policies []registry.Policy) string {
	var words []string
	for _, p := range policies {
		words = append(words, p.String()+string(p.Config))
	}
	return strings.Join(words, " ")
}

func TestRoutesInheritPolicies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		document, api, route []registry.Policy
		want                 string
	}{
		"all levels follow one another": {
			[]registry.Policy{policy("a")}, []registry.Policy{policy("b")}, []registry.Policy{policy("c")}, "a b c"},
		"a replaced one keeps its position": {
			[]registry.Policy{policy("a"), policy("b")}, []registry.Policy{set("a", `{"n":1}`)}, []registry.Policy{set("a", `{"n":2}`), policy("c")}, `a{"n":2} b c`},
		"another name is another policy": {
			[]registry.Policy{policy("a")}, []registry.Policy{policy("a").As("x")}, []registry.Policy{set("a", `{"n":1}`).As("x")}, `a a:x{"n":1}`},
		"off removes what is inherited": {
			[]registry.Policy{policy("a"), policy("b")}, nil, []registry.Policy{off("a")}, "b"},
		"off keeps the one of another name": {
			[]registry.Policy{policy("a"), policy("a").As("x")}, nil, []registry.Policy{off("a").As("x")}, "a"},
		"what the API removes a route may add again, at the end": {
			[]registry.Policy{policy("a"), policy("b")}, []registry.Policy{off("a")}, []registry.Policy{policy("a")}, "b a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &registry.Document{
				Policies: c.document,
				APIs: []registry.API{{Name: "users", Policies: c.api, Routes: []registry.APIRoute{
					{Name: "one", Match: registry.Match{Path: "/one"}, Policies: c.route},
					{Name: "other", Match: registry.Match{Path: "/other"}},
				}}},
			}
			before := kinds(c.document) + kinds(c.api)
			snap, _, err := d.Expand()
			require.NoError(t, err)
			require.Equal(t, c.want, kinds(snap.Routes[0].Policies))
			require.Equal(t, before, kinds(c.document)+kinds(c.api), "the document is left as it was")
			again, _, err := (&registry.Document{Policies: c.document, APIs: []registry.API{{Name: "users", Policies: c.api,
				Routes: []registry.APIRoute{{Name: "other", Match: registry.Match{Path: "/other"}}}}}}).Expand()
			require.NoError(t, err)
			require.Equal(t, kinds(again.Routes[0].Policies), kinds(snap.Routes[1].Policies), "other routes are not touched")
		})
	}
}

func TestRoutesInheritFromTheirAPI(t *testing.T) {
	t.Parallel()
	d := &registry.Document{
		Upstreams: []registry.Upstream{upstream("u"), upstream("v")},
		APIs: []registry.API{{Name: "users", Version: "v2", BasePath: "/users-api/v2", Protocol: "graphql", Hosts: []string{"a.example"}, Upstream: "u",
			Routes: []registry.APIRoute{
				{Name: "inherits", Match: registry.Match{Path: "/{id}"}, Rewrite: "/x/{id}"},
				{Name: "states", Match: registry.Match{Hosts: []string{"b.example"}}, Upstream: "v", Protocol: "rest", Upgrade: []string{"websocket"}},
			}}},
		Routes: []registry.APIRoute{{Name: "alone", Match: registry.Match{Path: "/"}}},
	}
	snap, _, err := d.Expand()
	require.NoError(t, err)
	require.Equal(t, []registry.Route{
		{Name: "inherits", API: "users/v2", Protocol: "graphql", Upstream: "u", Rewrite: "/x/{id}", Match: registry.Match{Hosts: []string{"a.example"}, Path: "/users-api/v2/{id}"}},
		{Name: "states", API: "users/v2", Protocol: "rest", Upstream: "v", Upgrade: []string{"websocket"}, Match: registry.Match{Hosts: []string{"b.example"}, Path: "/users-api/v2"}},
		{Name: "alone", Match: registry.Match{Path: "/"}},
	}, snap.Routes)
}

func upstream(name string) registry.Upstream {
	return registry.Upstream{Name: name, Endpoints: []registry.Endpoint{{URL: "http://127.0.0.1:9001"}}}
}

func TestExpandMakesTheDirectory(t *testing.T) {
	t.Parallel()
	inactive := false
	gold := registry.Plan{Name: "gold", Limits: []registry.Limit{{Rate: registry.Rate{Count: 1, Per: time.Second}}}}
	d := &registry.Document{
		Environment: "production",
		Plans:       []registry.Plan{gold},
		APIs:        []registry.API{{Name: "users"}},
		Directory: registry.Entries{Subscriptions: []registry.Entry{
			{ID: "s1", Consumer: "acme", API: "users", Plan: "gold", Scopes: []string{"read"}, AllowIPs: []string{"10.0.0.0/8", "::1"}, DenyIPs: []string{"10.66.0.0/16"}, NotAfter: "2030-01-31T12:00:00Z",
				Keys: []registry.Key{{ID: "k1", Hash: "hmac-sha256:" + strings.Repeat("0a", 32), NotAfter: "2029-01-31T12:00:00Z"}}},
			{ID: "s2", Consumer: "acme", API: "users", Environment: "test", Active: &inactive},
		}},
	}
	_, changes, err := d.Expand()
	require.NoError(t, err)
	var sum [32]byte
	for i := range sum {
		sum[i] = 0x0a
	}
	require.Equal(t, []registry.Change{
		{Plan: &gold},
		{Subscription: &registry.Subscription{ID: "s1", Consumer: "acme", API: "users", Environment: "production", Plan: &gold, Scopes: []string{"read"},
			AllowIPs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")},
			DenyIPs:  []netip.Prefix{netip.MustParsePrefix("10.66.0.0/16")}, Active: true,
			NotAfter: time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)}},
		{Sum: sum, Credential: &registry.Credential{ID: "k1", Consumer: "acme", Environment: "production", NotAfter: time.Date(2029, 1, 31, 12, 0, 0, 0, time.UTC)}},
		{Subscription: &registry.Subscription{ID: "s2", Consumer: "acme", API: "users", Environment: "test"}},
	}, changes)
}

func TestVersionIsAHashOfTheContentUnlessStated(t *testing.T) {
	t.Parallel()
	version := func(d registry.Document) string {
		snap, _, err := d.Expand()
		require.NoError(t, err)
		return snap.Version
	}
	empty := version(registry.Document{})
	require.Regexp(t, `^sha256:[0-9a-f]{12}$`, empty)
	require.Equal(t, empty, version(registry.Document{}))
	require.NotEqual(t, empty, version(registry.Document{Upstreams: []registry.Upstream{upstream("u")}}))
	require.Equal(t, "7", version(registry.Document{Version: "7"}))
}

func TestExpandedThingsKnowWhereTheyStand(t *testing.T) {
	t.Parallel()
	d, err := registry.DecodeDocument([]byte(`{
		"upstreams": [{"name": "u", "endpoints": [{"url": "http://a"}], "balancer": "least_connections"}],
		"policies": [{"general": {}}],
		"apis": [{"name": "users", "policies": [{"of/api": {}}], "routes": [{"name": "a", "match": {"path": "/a"}, "policies": ["own"]}]}]}`), "a.yaml", 2)
	require.NoError(t, err)
	snap, _, err := d.Expand()
	require.NoError(t, err)
	at := func(pointer string) registry.Pos {
		return registry.Pos{File: "a.yaml", Document: 2, Pointer: pointer}
	}
	require.Equal(t, at("/upstreams/0"), snap.Upstreams[0].Pos)
	require.Equal(t, at("/upstreams/0/balancer/least_connections"), snap.Upstreams[0].Balancer.Pos)
	require.Equal(t, at("/apis/0/routes/0"), snap.Routes[0].Pos)
	require.Equal(t, at("/policies/0/general"), snap.Routes[0].Policies[0].Pos)
	require.Equal(t, at("/apis/0/policies/0/of~1api"), snap.Routes[0].Policies[1].Pos)
	require.Equal(t, at("/apis/0/routes/0/policies/0/own"), snap.Routes[0].Policies[2].Pos)

	snap.Locate = func(p registry.Pos) registry.Pos { p.Line, p.Column = 7, 3; return p }
	for want, f := range map[string]*registry.Fault{
		`a.yaml:7:3: /apis/0/policies/0/of~1api/n: route "a": policy "of/api": none`: {Route: "a", Policy: "of/api", Field: "/n"},
		`a.yaml:7:3: /upstreams/0/host: upstream "u": none`:                          {Upstream: "u", Field: "/host"},
		`a.yaml:7:3: /apis/0/routes/0/match/path: route "a": none`:                   {Route: "a", Field: "/match/path"},
		`route "b": field /match: none`:                                              {Route: "b", Field: "/match"},
	} {
		f.Err = fmt.Errorf("none")
		require.EqualError(t, snap.Locating(registry.Faults{f}), want)
		require.Zero(t, f.Pos, "the fault given is left as it was")
	}
	require.NoError(t, snap.Locating(nil))
}

func TestValidateReportsAllFaults(t *testing.T) {
	t.Parallel()
	err := registry.Validate(&registry.Snapshot{
		Edge:      []registry.Policy{off("a"), {}},
		Upstreams: []registry.Upstream{{Name: "u", Balancer: &registry.Policy{}}},
		Routes: []registry.Route{
			{Name: "a", Match: registry.Match{Path: "/{id}"}, Rewrite: "/{id", Upstream: "none"},
			{Name: "", Match: registry.Match{Path: ""}, Policies: []registry.Policy{policy("a"), policy("a")}},
		},
	})
	var got []string
	for _, f := range registry.AsFaults(err) {
		got = append(got, strings.Join([]string{f.Route, f.Upstream, f.Policy, f.Field}, "|"))
	}
	require.Equal(t, []string{
		"||a|", "|||", "|u||/endpoints", "|u||/balancer",
		"a|||/rewrite", "a|||/upstream", "|||/name", "|||/match/path", "||a|",
	}, got)
	require.Error(t, registry.Validate(nil))
	require.NoError(t, registry.Validate(&registry.Snapshot{}))
}

func TestDocumentsAreMerged(t *testing.T) {
	t.Parallel()
	a := &registry.Document{Environment: "test", Upstreams: []registry.Upstream{upstream("u")}}
	b := &registry.Document{Environment: "test", Upstreams: []registry.Upstream{upstream("v")}, Inbound: registry.Inbound{UnderscoreNames: "drop"}}
	got, err := registry.MergeDocuments(a, b)
	require.NoError(t, err)
	require.Len(t, got.Upstreams, 2)
	require.Equal(t, "test", got.Environment)
	require.Equal(t, "drop", got.Inbound.UnderscoreNames)
	b.Environment = "production"
	_, err = registry.MergeDocuments(a, b)
	require.ErrorContains(t, err, `state it once (there it is "test")`)
}

func ExampleDocument_Expand() {
	d := &registry.Document{
		Environment: "production",
		Policies:    []registry.Policy{{Kind: "correlation_id"}},
		APIs: []registry.API{{
			Name: "users", Version: "v2", BasePath: "/users-api/v2",
			Routes: []registry.APIRoute{{
				Name:     "health",
				Match:    registry.Match{Methods: []string{"GET"}, Path: "/health"},
				Policies: []registry.Policy{{Kind: "public"}},
			}},
		}},
	}
	snapshot, _, err := d.Expand()
	if err != nil {
		fmt.Println(err)
		return
	}
	r := snapshot.Routes[0]
	fmt.Println(r.Name, r.API, r.Match.Path, r.Policies)
	// Output: health users/v2 /users-api/v2/health [correlation_id public]
}

func ExampleValidate() {
	err := registry.Validate(&registry.Snapshot{
		Routes: []registry.Route{{Name: "get-user", Match: registry.Match{Path: "/users/{id}"}, Upstream: "users"}},
	})
	fmt.Println(err)
	// Output: route "get-user": field /upstream: unknown upstream "users"; there is none
}

func TestExpandTakesUpstreamsThatAreElsewhere(t *testing.T) {
	t.Parallel()
	d := &registry.Document{
		Upstreams: []registry.Upstream{{Name: "in-process"}},
		Routes:    []registry.APIRoute{{Name: "a", Match: registry.Match{Path: "/"}, Upstream: "of-another-source"}},
	}
	snap, _, err := d.Expand()
	require.NoError(t, err)
	require.Len(t, registry.AsFaults(registry.Validate(snap)), 2)
	require.NoError(t, registry.Validate(snap, "in-process", "of-another-source"))
}

func TestRoutesInheritSpellings(t *testing.T) {
	t.Parallel()
	allow := func(names ...string) registry.Paths { return registry.Paths{Allow: names} }
	none := registry.Paths{Allow: []string{}}
	for name, c := range map[string]struct {
		document, api, route registry.Paths
		want                 registry.Spelling
	}{
		"nobody says anything":               {want: 0},
		"the document says it":               {document: allow("semicolon"), want: registry.Semicolon},
		"the API says it instead":            {document: allow("semicolon"), api: allow("encoded_slash", "trailing_dot"), want: registry.EncodedSlash | registry.TrailingDot},
		"the route says it instead":          {document: allow("semicolon"), api: allow("encoded_slash"), route: allow("empty_segment"), want: registry.EmptySegment},
		"the route takes it back":            {document: allow("semicolon"), route: none, want: 0},
		"the API takes it back":              {document: allow("semicolon"), api: none, want: 0},
		"the route gives what the API takes": {document: allow("semicolon"), api: none, route: allow("double_encoding", "encoded_backslash"), want: registry.DoubleEncoding | registry.EncodedBackslash},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &registry.Document{Paths: c.document, APIs: []registry.API{{Name: "a", Paths: c.api, Routes: []registry.APIRoute{
				{Name: "r", Match: registry.Match{Path: "/r"}, Paths: c.route},
			}}}}
			snap, _, err := d.Expand()
			require.NoError(t, err)
			require.Equal(t, c.want, snap.Routes[0].Paths.Spellings())
		})
	}
}

func TestSpellingsOfRoutesThatBelongToNoAPI(t *testing.T) {
	t.Parallel()
	d := &registry.Document{Paths: registry.Paths{Allow: []string{"semicolon"}}, Routes: []registry.APIRoute{{Name: "r", Match: registry.Match{Path: "/r"}}}}
	snap, _, err := d.Expand()
	require.NoError(t, err)
	require.Equal(t, "semicolon", snap.Routes[0].Paths.Spellings().String())
}

func TestUnknownSpellingsAreToldWhereTheyStand(t *testing.T) {
	t.Parallel()
	wrong := registry.Paths{Allow: []string{"semicolon", "semicolons"}}
	d := &registry.Document{
		Paths:  wrong,
		APIs:   []registry.API{{Name: "a", Paths: wrong, Routes: []registry.APIRoute{{Name: "q", Match: registry.Match{Path: "/q"}}}}},
		Routes: []registry.APIRoute{{Name: "r", Match: registry.Match{Path: "/r"}, Paths: wrong}, {Name: "s", Match: registry.Match{Path: "/s"}}},
	}
	d.Place("f.yaml", 0)
	_, _, err := d.Expand()
	var places []string
	for _, f := range registry.AsFaults(err) {
		require.ErrorContains(t, f, `unknown spelling "semicolons"; did you mean "semicolon"?`)
		places = append(places, f.Pos.Pointer)
	}
	require.Equal(t, []string{"/paths/allow/1", "/apis/0/paths/allow/1", "/routes/0/paths/allow/1"}, places)
}

func TestWhatDocumentsSayOfSpellingsMustAgree(t *testing.T) {
	t.Parallel()
	_, err := registry.MergeDocuments(
		&registry.Document{Paths: registry.Paths{Allow: []string{"semicolon"}}}, &registry.Document{},
		&registry.Document{Paths: registry.Paths{Allow: []string{"encoded_slash"}}},
	)
	require.ErrorContains(t, err, "/paths: another document states something else")
}

func TestSpellingNames(t *testing.T) {
	t.Parallel()
	all := registry.Paths{Allow: registry.SpellingNames()}.Spellings()
	require.Equal(t, registry.TrailingDot<<1-1, all, "each name has its bit")
	require.Equal(t, strings.Join(registry.SpellingNames(), ", "), all.String())
	raw, err := json.Marshal(registry.Route{Paths: registry.Paths{Allow: []string{}}})
	require.NoError(t, err)
	require.Contains(t, string(raw), `"paths":{"allow":[]}`, "an empty list says something")
}

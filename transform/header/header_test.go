package header_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/header"
)

func route() *registry.Route {
	return &registry.Route{Name: "get-user", API: "users/v2", Match: registry.Match{Path: "/users/{id}/{rest...}"}}
}

// exchange is one of a known caller on the route.
func exchange(t testing.TB) *pipeline.Exchange {
	t.Helper()
	x := &pipeline.Exchange{
		In:     httptest.NewRequest("GET", "http://api.example.com/users/42/a/b?x=1", nil),
		Client: netip.MustParseAddr("192.0.2.7"), Scheme: "https", Environment: "production", ID: "id-1",
		Route: route(),
		Identity: &pipeline.Identity{
			Subject: "ann", Consumer: "acme", Issuer: "https://idp.example", Scheme: "jwt",
			Scopes: []string{"users.read", "users.write"}, Roles: []string{"admin"},
			Claims: map[string]any{
				"email": "ann@example.com", "level": 3.0, "big": int64(1) << 60, "staff": true, "groups": []any{"a", "b"},
				"teams": []string{"x", "y"}, "spaced": []any{"power user"}, "nested": []any{[]any{"a"}}, "address": map[string]any{},
			},
		},
		Subscription: &registry.Subscription{ID: "sub-1", Plan: &registry.Plan{Name: "gold"}},
	}
	x.SetParams([]string{"id", "rest"}, &[pipeline.MaxParams]string{"42", "a/b"})
	return x
}

// stages makes the stages of the policy, as the gateway does.
func stages(t testing.TB, c header.Config) []pipeline.Stage {
	t.Helper()
	kinds, err := pipeline.NewKinds(header.Kind())
	require.NoError(t, err)
	scope := pipeline.NewScope(pipeline.NewPool(), nil)
	t.Cleanup(scope.Close)
	p := header.Policy(c)
	made, err := pipeline.Make[[]pipeline.Stage](scope.Env(pipeline.Workshop{Kinds: kinds}, route(), p.String()), p)
	require.NoError(t, err)
	return made
}

// sent returns the fields that the backend gets.
func sent(t testing.TB, x *pipeline.Exchange, e header.Edits) http.Header {
	t.Helper()
	var got http.Header
	_, err := pipeline.Chain(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		got = x.Out(ctx).Header
		return pipeline.Respond(x, 200, "", nil), nil
	}, stages(t, header.Config{Request: e})...)(t.Context(), x)
	require.NoError(t, err)
	return got
}

// answered returns the fields of a response that had h.
func answered(t testing.TB, x *pipeline.Exchange, h http.Header, e header.Edits) http.Header {
	t.Helper()
	resp, err := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: h, Body: http.NoBody}, nil
	}, stages(t, header.Config{Response: e})...)(t.Context(), x)
	require.NoError(t, err)
	return resp.Header
}

func editTable() map[string]struct {
	edits    header.Edits
	in, want http.Header
} {
	return map[string]struct {
		edits    header.Edits
		in, want http.Header
	}{
		"set replaces all values": {
			header.Edits{Set: map[string]string{"x-a": "new"}},
			http.Header{"X-A": {"1", "2"}}, http.Header{"X-A": {"new"}},
		},
		"set makes a field": {
			header.Edits{Set: map[string]string{"X-A": "new"}},
			http.Header{}, http.Header{"X-A": {"new"}},
		},
		"add puts a value behind": {
			header.Edits{Add: map[string]string{"X-A": "3"}},
			http.Header{"X-A": {"1", "2"}}, http.Header{"X-A": {"1", "2", "3"}},
		},
		"remove drops all values": {
			header.Edits{Remove: []string{"x-a", "X-Absent"}},
			http.Header{"X-A": {"1", "2"}, "X-B": {"3"}}, http.Header{"X-B": {"3"}},
		},
		"rename moves all values": {
			header.Edits{Rename: map[string]string{"x-a": "x-b"}},
			http.Header{"X-A": {"1", "2"}, "X-B": {"old"}}, http.Header{"X-B": {"1", "2"}},
		},
		"rename of what is absent does nothing": {
			header.Edits{Rename: map[string]string{"X-A": "X-B"}},
			http.Header{"X-B": {"old"}}, http.Header{"X-B": {"old"}},
		},
		"default fills what is absent": {
			header.Edits{Default: map[string]string{"X-A": "d"}},
			http.Header{}, http.Header{"X-A": {"d"}},
		},
		"default keeps what is there": {
			header.Edits{Default: map[string]string{"X-A": "d"}},
			http.Header{"X-A": {"1"}}, http.Header{"X-A": {"1"}},
		},
		"two braces are one": {
			header.Edits{Set: map[string]string{"X-A": `{{"a":1}`}},
			http.Header{}, http.Header{"X-A": {`{"a":1}`}},
		},
		"edits keep their order": {
			header.Edits{
				Remove: []string{"X-A"}, Rename: map[string]string{"X-B": "X-A"},
				Set: map[string]string{"X-B": "set"}, Add: map[string]string{"X-B": "added", "X-C": "c"},
				Default: map[string]string{"X-C": "d", "X-A": "d"},
			},
			http.Header{"X-A": {"a"}, "X-B": {"b"}},
			http.Header{"X-A": {"b"}, "X-B": {"set", "added"}, "X-C": {"c"}},
		},
	}
}

func TestEditsOfRequests(t *testing.T) {
	t.Parallel()
	for name, tc := range editTable() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := exchange(t)
			x.In.Header = tc.in
			before := tc.in.Clone()
			require.Equal(t, tc.want, sent(t, x, tc.edits))
			require.Equal(t, before, x.In.Header, "what came in was altered")
		})
	}
}

func TestEditsOfResponses(t *testing.T) {
	t.Parallel()
	for name, tc := range editTable() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, answered(t, exchange(t), tc.in, tc.edits))
		})
	}
}

func TestSharedValuesAreNotWrittenInto(t *testing.T) {
	t.Parallel()
	shared := append(make([]string, 0, 4), "1")
	got := answered(t, exchange(t), http.Header{"X-A": shared}, header.Edits{Add: map[string]string{"X-A": "2"}})
	require.Equal(t, []string{"1", "2"}, got["X-A"])
	require.Empty(t, shared[:2][1])

	s := stages(t, header.Config{Response: header.Edits{Set: map[string]string{"X-A": "1"}}})
	for range 2 {
		resp, err := pipeline.Chain(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
			return pipeline.Respond(x, 200, "", nil), nil
		}, s...)(t.Context(), exchange(t))
		require.NoError(t, err)
		resp.Header.Add("X-A", "2")
		require.Equal(t, []string{"1", "2"}, resp.Header["X-A"])
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{identity.subject}": "ann", "{identity.consumer}": "acme", "{identity.scheme}": "jwt",
		"{identity.issuer}": "https://idp.example", "{identity.scopes}": "users.read users.write",
		"{identity.roles}": "admin", "{claim.email}": "ann@example.com", "{claim.level}": "3",
		"{claim.big}": "1152921504606846976", "{claim.staff}": "true", "{claim.groups}": "a b", "{claim.teams}": "x y",
		"{claim.spaced}": "", "{claim.nested}": "", "{claim.address}": "", "{claim.absent}": "",
		"{subscription.id}": "sub-1", "{subscription.plan}": "gold", "{route.name}": "get-user",
		"{route.api}": "users/v2", "{environment}": "production", "{client.address}": "192.0.2.7",
		"{request.method}": "GET", "{request.path}": "/users/42/a/b", "{request.host}": "api.example.com",
		"{request.scheme}": "https", "{param.id}": "42", "{param.rest}": "a/b", "{correlation_id}": "id-1",
		"user-{param.id};plan={subscription.plan}!": "user-42;plan=gold!", "{identity.subject}{param.id}": "ann42",
	} {
		t.Run("the value of "+text, func(t *testing.T) {
			t.Parallel()
			x := exchange(t)
			require.Equal(t, want, sent(t, x, header.Edits{Set: map[string]string{"X-V": text}}).Get("X-V"))
			back := answered(t, exchange(t), http.Header{}, header.Edits{Set: map[string]string{"X-V": text}})
			require.Equal(t, want, back.Get("X-V"))
			require.Equal(t, want != "", len(back["X-V"]) > 0, "an empty field was sent")
		})
	}
}

func TestWithoutTheCallerNothingIsSaidOfOne(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"{identity.subject}", "{identity.scopes}", "{claim.email}", "{subscription.id}", "{subscription.plan}",
		"acme-{identity.subject}", "{identity.consumer}/{param.id}", "{client.address}", "{route.api}", "{route.name}",
	} {
		t.Run("a forged value is removed where there is none for "+text, func(t *testing.T) {
			t.Parallel()
			x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/users/42", nil)}
			x.In.Header.Set("X-User", "root")
			require.NotContains(t, sent(t, x, header.Edits{Set: map[string]string{"X-User": text}}), "X-User")
		})
	}
}

func TestDefaultStandsInForAnEmptySet(t *testing.T) {
	t.Parallel()
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	x.In.Header.Set("X-User", "root")
	got := sent(t, x, header.Edits{
		Set:     map[string]string{"X-User": "{identity.subject}"},
		Default: map[string]string{"X-User": "anonymous"},
	})
	require.Equal(t, []string{"anonymous"}, got["X-User"])
}

func TestValuesThatNoFieldCanHoldAreRefused(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"a newline": "a\nSet-Cookie: x=1", "a carriage return": "a\r", "a null": "a\x00", "a delete": "a\x7f", "an escape": "\x1b[31m",
	} {
		for side, c := range map[string]header.Config{
			"of the request":  {Request: header.Edits{Set: map[string]string{"X-V": "id={param.id}"}}},
			"of the response": {Response: header.Edits{Add: map[string]string{"X-V": "{param.id}"}}},
		} {
			t.Run(name+" in a value "+side, func(t *testing.T) {
				t.Parallel()
				x := exchange(t)
				x.SetParams([]string{"id"}, &[pipeline.MaxParams]string{value})
				_, err := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) {
					t.Error("the backend was asked")
					return nil, nil
				}, stages(t, c)...)(t.Context(), x)
				var p *pipeline.Problem
				require.ErrorAs(t, err, &p)
				require.Equal(t, 400, p.Status)
				require.Equal(t, header.CodeValueRefused, p.Code)
				require.NotContains(t, p.Error()+p.Detail, value)
			})
		}
	}
}

func TestAValueThatTurnsBadWithholdsTheResponse(t *testing.T) {
	t.Parallel()
	ed, err := header.New(header.Config{Response: header.Edits{Set: map[string]string{"X-V": "{correlation_id}"}}}, nil)
	require.NoError(t, err)
	x := exchange(t)
	x.ID = "a\nb"
	require.Error(t, ed.Response(x, &http.Response{Header: http.Header{}}))
}

func TestResponsesWithoutFieldsAreEditedToo(t *testing.T) {
	t.Parallel()
	require.Equal(t, http.Header{"X-A": {"1"}}, answered(t, exchange(t), nil, header.Edits{Set: map[string]string{"X-A": "1"}}))
}

func TestSettingsAreRefused(t *testing.T) {
	t.Parallel()
	set := func(name, value string) header.Config {
		return header.Config{Request: header.Edits{Set: map[string]string{name: value}}}
	}
	for name, tc := range map[string]struct {
		config      header.Config
		field, want string
	}{
		"no edit at all":              {header.Config{}, "", "at least one edit"},
		"a name that is no token":     {set("X A", "1"), "/request/set/X A", "name of a field"},
		"an empty name":               {set("", "1"), "/request/set/", "name of a field"},
		"Host":                        {set("host", "a"), "/request/set/host", "host setting of the upstream"},
		"Content-Length":              {set("Content-Length", "1"), "/request/set/Content-Length", "belongs to the message"},
		"Transfer-Encoding":           {set("Transfer-Encoding", "chunked"), "/request/set/Transfer-Encoding", "belongs to the message"},
		"Connection":                  {set("Connection", "close"), "/request/set/Connection", "one connection"},
		"a hop-by-hop field":          {set("TE", "trailers"), "/request/set/TE", "one connection"},
		"an unknown variable":         {set("X-A", "{identity.subjet}"), "/request/set/X-A", `did you mean "identity.subject"`},
		"a parameter of another path": {set("X-A", "{param.ids}"), "/request/set/X-A", `did you mean "id"`},
		"a parameter without a name":  {set("X-A", "{param.}"), "/request/set/X-A", "name of a parameter"},
		"a variable without an end":   {set("X-A", "{identity.subject"), "/request/set/X-A", `no "}" ends`},
		"a variable without a name":   {set("X-A", "{}"), "/request/set/X-A", "unknown variable"},
		"an empty value":              {set("X-A", ""), "/request/set/X-A", "remove drops a field"},
		"a control in a value":        {set("X-A", "a\r\nX-B: 1"), "/request/set/X-A", "control characters"},
		"a slash in a name":           {set("X/A", "1"), "/request/set/X~1A", "name of a field"},
		"one field twice": {
			header.Config{Response: header.Edits{Set: map[string]string{"X-A": "1", "x-a": "2"}}},
			"/response/set/x-a", "given twice",
		},
		"one field removed twice": {
			header.Config{Response: header.Edits{Remove: []string{"X-A", "x-a"}}}, "/response/remove/1", "removed twice",
		},
		"removing the framing": {
			header.Config{Response: header.Edits{Remove: []string{"Content-Length"}}}, "/response/remove/0", "belongs to the message",
		},
		"a field renamed to itself": {
			header.Config{Request: header.Edits{Rename: map[string]string{"X-A": "x-a"}}}, "/request/rename/X-A", "another name",
		},
		"a field renamed to Host": {
			header.Config{Request: header.Edits{Rename: map[string]string{"X-A": "Host"}}}, "/request/rename/X-A", "host setting",
		},
		"a chain of renamings": {
			header.Config{Request: header.Edits{Rename: map[string]string{"X-A": "X-B", "X-B": "X-C"}}},
			"/request/rename/X-B", "renamed once",
		},
		"two fields renamed to one": {
			header.Config{Request: header.Edits{Rename: map[string]string{"X-A": "X-C", "X-B": "X-C"}}},
			"/request/rename/X-B", "renamed once",
		},
		"a field removed before it is renamed": {
			header.Config{Request: header.Edits{Remove: []string{"x-a"}, Rename: map[string]string{"X-A": "X-B"}}},
			"/request/rename/X-A", "removed before",
		},
		"an identity beside what the caller sent": {
			header.Config{Request: header.Edits{Add: map[string]string{"X-User": "{identity.subject}"}}},
			"/request/add/X-User", "could be forged; use set",
		},
		"an identity that the caller may say": {
			header.Config{Request: header.Edits{Default: map[string]string{"X-Plan": "p-{subscription.plan}"}}},
			"/request/default/X-Plan", "could be forged; use set",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := header.New(tc.config, route())
			faults := registry.AsFaults(err)
			require.Len(t, faults, 1, "%v", err)
			require.Equal(t, tc.field, faults[0].Field)
			require.ErrorContains(t, faults[0].Err, tc.want)
		})
	}
}

func TestEveryFaultIsReported(t *testing.T) {
	t.Parallel()
	err := header.Config{
		Request:  header.Edits{Set: map[string]string{"Host": "{nobody}"}, Remove: []string{"Upgrade"}},
		Response: header.Edits{Add: map[string]string{"X-A": ""}},
	}.Validate()
	require.Len(t, registry.AsFaults(err), 4)
}

func TestWithoutARouteParametersAreUnknown(t *testing.T) {
	t.Parallel()
	c := header.Config{Request: header.Edits{Set: map[string]string{"X-A": "{param.id}"}}}
	require.NoError(t, c.Validate(), "the route is not known yet")
	_, err := header.New(c, nil)
	require.ErrorContains(t, err, "there is none")
}

func TestVaryTellsCallersApart(t *testing.T) {
	t.Parallel()
	vary := func(c header.Config, x *pipeline.Exchange) string {
		s := stages(t, c)
		require.NotNil(t, s[0].Vary)
		return s[0].Vary(x)
	}
	ann, bob := exchange(t), exchange(t)
	bob.Identity = &pipeline.Identity{Subject: "bob"}

	alike := header.Config{Request: header.Edits{Set: map[string]string{"X-A": "{route.name}{param.id}"}, Remove: []string{"X-B"}}}
	require.Empty(t, vary(alike, ann), "what is asked for is in the key already")

	told := header.Config{Response: header.Edits{Set: map[string]string{"X-A": "{identity.subject}"}}}
	require.NotEqual(t, vary(told, ann), vary(told, bob))

	pair := header.Config{Request: header.Edits{Set: map[string]string{"X-A": "{identity.subject}", "X-B": "{identity.consumer}"}}}
	ann.Identity = &pipeline.Identity{Subject: "a", Consumer: "bc"}
	bob.Identity = &pipeline.Identity{Subject: "ab", Consumer: "c"}
	require.NotEqual(t, vary(pair, ann), vary(pair, bob), "two callers spell one key")

	renamed := header.Config{Request: header.Edits{Rename: map[string]string{"X-Lang": "Accept-Language"}}}
	one, two := exchange(t), exchange(t)
	one.In.Header["X-Lang"] = []string{"de"}
	two.In.Header["X-Lang"] = []string{"fr"}
	require.NotEqual(t, vary(renamed, one), vary(renamed, two))
}

func TestThePhaseIsTransform(t *testing.T) {
	t.Parallel()
	s := stages(t, header.Config{Request: header.Edits{Remove: []string{"X-A"}}})
	require.Len(t, s, 1)
	require.Equal(t, pipeline.Transform, s[0].Phase)
	require.Equal(t, "headers", s[0].Name)
}

func BenchmarkHeaders(b *testing.B) {
	for name, c := range map[string]header.Config{
		"constant": {Request: header.Edits{Set: map[string]string{"X-A": "1"}}, Response: header.Edits{Set: map[string]string{"X-B": "1"}, Remove: []string{"Server"}}},
		"identity": {Request: header.Edits{Set: map[string]string{"X-User": "{identity.subject}", "X-Plan": "{subscription.plan}"}}},
		"joined":   {Request: header.Edits{Set: map[string]string{"X-User": "{identity.consumer}/{identity.subject}"}}},
	} {
		b.Run(name, func(b *testing.B) {
			resp := &http.Response{StatusCode: 200, Header: http.Header{"Server": {"x"}}, Body: http.NoBody}
			h := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return resp, nil }, stages(b, c)...)
			x := exchange(b)
			none := x.Mark()
			b.ReportAllocs()
			for b.Loop() {
				x.Restore(none)
				_, _ = h(b.Context(), x)
			}
		})
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"{identity.subject}", "a{{b}", "{", "}", "{}", "{param.id}x{claim.a}", "{{{{", "{{{identity.subject}}}", "{param.}"} {
		f.Add(s, "value\n")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		ed, err := header.New(header.Config{Request: header.Edits{Set: map[string]string{"X-A": text}}}, route())
		if err != nil {
			return
		}
		x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil), Identity: &pipeline.Identity{Subject: value}}
		x.SetParams([]string{"id"}, &[pipeline.MaxParams]string{value})
		if ed.Request(x) == nil && strings.ContainsAny(x.Get("X-A"), "\r\n\x00") {
			t.Fatalf("%q and %q gave %q", text, value, x.Get("X-A"))
		}
	})
}

package router_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/router"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	hosts := func(hs ...string) func(*registry.Match) { return func(m *registry.Match) { m.Hosts = hs } }
	held := func(ps ...registry.Predicate) func(*registry.Match) {
		return func(m *registry.Match) { m.Headers = ps }
	}
	at := func(path string) registry.Route {
		return registry.Route{Name: "r", Match: registry.Match{Path: path}}
	}
	tests := []struct {
		name, field string
		route       registry.Route
		want        string
	}{
		{"no path", "/match/path", at(""), "begins with /"},
		{"a path without slash in front", "/match/path", at("a"), "begins with /"},
		{"an empty segment", "/match/path", at("/a//b"), "empty segment"},
		{"a dot segment", "/match/path", at("/a/../b"), "dot segments"},
		{"an escaped dot segment", "/match/path", at("/a/%2e%2E/b"), "dot segments"},
		{"an escaped slash", "/match/path", at("/a%2Fb"), "within a segment"},
		{"a backslash", "/match/path", at(`/a\b`), "within a segment"},
		{"a NUL", "/match/path", at("/a%00"), "within a segment"},
		{"a broken escape", "/match/path", at("/a%4"), "invalid URL escape"},
		{"a query", "/match/path", at("/a?b=c"), "without query"},
		{"a fragment", "/match/path", at("/a#b"), "without query and fragment"},
		{"a parameter beside a literal", "/match/path", at("/a{id}"), "want a literal, {name}"},
		{"a parameter that is not closed", "/match/path", at("/{id"), "want a literal, {name}"},
		{"a brace of no parameter", "/match/path", at("/id}"), "want a literal, {name}"},
		{"a parameter of no name", "/match/path", at("/{}"), "want a literal, {name}"},
		{"a rest of no name", "/match/path", at("/{...}"), "want a literal, {name}"},
		{"a parameter whose name begins with a digit", "/match/path", at("/{1a}"), "want a literal, {name}"},
		{"a parameter whose name has a dash", "/match/path", at("/{a-b}"), "want a literal, {name}"},
		{"a rest that is not last", "/match/path", at("/{a...}/b"), "stands last"},
		{"a name that occurs twice", "/match/path", at("/{a}/{a}"), `"a" occurs twice`},
		{"too many parameters", "/match/path", at("/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}"), "at most 8 parameters, not 9"},
		{"too many segments", "/match/path", at(strings.Repeat("/a", 65)), "at most 64 segments, not 65"},
		{"an asterisk of other routers", "/match/path", at("/files/*"), "no wildcard"},
		{"an asterisk as host", "/match/hosts/0", route("r", "* /", hosts("*")), "leave hosts out"},
		{"an asterisk within a label", "/match/hosts/1", route("r", "* /", hosts("a.test", "*a.test")), "first label as a whole"},
		{"an asterisk that is not first", "/match/hosts/0", route("r", "* /", hosts("a.*.test")), "first label as a whole"},
		{"a host with a port", "/match/hosts/0", route("r", "* /", hosts("a.test:80")), "without port"},
		{"an empty host", "/match/hosts/0", route("r", "* /", hosts("")), "want labels"},
		{"an empty label", "/match/hosts/0", route("r", "* /", hosts("a..test")), "want labels"},
		{"a wildcard of nothing", "/match/hosts/0", route("r", "* /", hosts("*.")), "leave hosts out"},
		{"a host with a path", "/match/hosts/0", route("r", "* /", hosts("a.test/b")), "want labels"},
		{"an address that is none", "/match/hosts/0", route("r", "* /", hosts("[::g]")), "IPv6"},
		{"an address with a port", "/match/hosts/0", route("r", "* /", hosts("[::1]:80")), "IPv6"},
		{"a method that is no token", "/match/methods/0", route("r", "G(T /"), "no method"},
		{"a method in lower case", "/match/methods/0", route("r", "get /"), `want "GET"`},
		{"TRACE", "/match/methods/1", route("r", "GET,TRACE /"), "TRACE is never taken"},
		{"CONNECT", "/match/methods/0", route("r", "CONNECT /"), "CONNECT is never taken"},
		{"a field of no name", "/match/headers/0/name", route("r", "* /", held(registry.Predicate{})), "no name of a header field"},
		{"a field named Host", "/match/headers/0/name", route("r", "* /", header("host", "a")), "matched by hosts"},
		{"a query parameter of no name", "/match/query/0/name", route("r", "* /", query("", "a")), "name of a query parameter"},
		{"a pattern that does not compile", "/match/headers/0/pattern", route("r", "* /", held(registry.Predicate{Name: "A", Pattern: "("})), "missing closing"},
		{"a pattern that reaches out of its group", "/match/headers/0/pattern", route("r", "* /", held(registry.Predicate{Name: "A", Pattern: "a)|(b"})), "unexpected )"},
		{"a pattern that is too long", "/match/headers/0/pattern", route("r", "* /", held(registry.Predicate{Name: "A", Pattern: strings.Repeat("a", 1025)})), "at most 1024 bytes"},
		{"more predicates than a request has fields to spare", "/match/headers", route("r", "* /", held(make([]registry.Predicate, 33)...)), "at most 32, not 33"},
		{"an exact value and a pattern", "/match/headers/0/pattern", route("r", "* /", held(registry.Predicate{Name: "A", Exact: "a", Pattern: "a"})), "either exact or pattern"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.route.Pos = registry.Pos{File: "gateway.yaml", Line: 7, Column: 3}
			r, err := router.New([]registry.Route{tt.route})
			require.Nil(t, r)
			var faults registry.Faults
			require.ErrorAs(t, err, &faults)
			require.Len(t, faults, 1)
			require.Equal(t, "r", faults[0].Route)
			require.Equal(t, tt.field, faults[0].Field)
			require.Equal(t, tt.route.Pos, faults[0].Pos)
			require.ErrorContains(t, faults[0], tt.want)
		})
	}
}

func TestNewReportsAllFaults(t *testing.T) {
	t.Parallel()
	bad := route("bad", "get,TRACE a:1/{x}/{x}/{y", header("", ""))
	_, err := router.New([]registry.Route{route("a", "GET /x"), bad, route("b", "GET /x")})
	var faults registry.Faults
	require.ErrorAs(t, err, &faults)
	require.Len(t, faults, 7)
}

func TestAmbiguity(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		a, b      registry.Route
		ambiguous bool
	}{
		{"the same match twice", route("a", "GET /x"), route("b", "GET /x"), true},
		{"parameters that differ by name only", route("a", "* /a/{x}"), route("b", "* /a/{y}"), true},
		{"rests that differ by name only", route("a", "* /a/{x...}"), route("b", "* /a/{y...}"), true},
		{"literals that differ by spelling only", route("a", "* /%41"), route("b", "* /A"), true},
		{"hosts that differ by case only", route("a", "* a.test/"), route("b", "* A.Test./"), true},
		{"one method in common", route("a", "GET,PUT /x"), route("b", "PUT,POST /x"), true},
		{"predicates on different fields", route("a", "* /x", header("A", "1")), route("b", "* /x", header("B", "1")), true},
		{"the same value of one field", route("a", "* /x", header("A", "1")), route("b", "* /x", header("A", "1")), true},
		{"a value and presence of one field", route("a", "* /x", header("A", "1")), route("b", "* /x", header("A", "")), true},
		{"a field and a parameter of one name", route("a", "* /x", header("A", "1")), route("b", "* /x", query("A", "2")), true},
		{"different methods", route("a", "GET /x"), route("b", "PUT /x"), false},
		{"HEAD beside GET", route("a", "GET /x"), route("b", "HEAD /x"), false},
		{"a method beside all", route("a", "GET /x"), route("b", "* /x"), false},
		{"different hosts", route("a", "* a.test/x"), route("b", "* b.test/x"), false},
		{"a slash at the end", route("a", "* /x"), route("b", "* /x/"), false},
		{"a parameter beside a rest", route("a", "* /{x}"), route("b", "* /{x...}"), false},
		{"more predicates", route("a", "* /x"), route("b", "* /x", header("A", "1")), false},
		{"different values of one field", route("a", "* /x", header("A", "1")), route("b", "* /x", header("a", "2")), false},
		{"different values of one parameter", route("a", "* /x", query("a", "1")), route("b", "* /x", query("a", "2")), false},
		{"different priorities", route("a", "* /x"), route("b", "* /x", priority(1)), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := router.New([]registry.Route{tt.a, tt.b})
			if !tt.ambiguous {
				require.NoError(t, err)
				return
			}
			var faults registry.Faults
			require.ErrorAs(t, err, &faults)
			require.Len(t, faults, 1)
			require.ErrorContains(t, faults[0], `route "b" takes the same requests as route "a"`)
			require.Equal(t, "b", faults[0].Route)
			require.Equal(t, "/match", faults[0].Field)
		})
	}
}

func TestAmbiguityIsToldOnceForEachTwo(t *testing.T) {
	t.Parallel()
	a, b := route("a", "GET,PUT,POST /x"), route("b", "GET,PUT,POST /x")
	a.Match.Hosts, b.Match.Hosts = []string{"a.test", "b.test"}, []string{"a.test", "b.test", "A.test"}
	_, err := router.New([]registry.Route{a, b})
	var faults registry.Faults
	require.True(t, errors.As(err, &faults))
	require.Len(t, faults, 1)
}

func TestHostListsOfAnyLength(t *testing.T) {
	t.Parallel()
	var hosts []string
	for i := range 1000 {
		hosts = append(hosts, fmt.Sprintf("H%d.example.com", i))
	}
	routes := []registry.Route{route("r", "* /", func(m *registry.Match) { m.Hosts = hosts })}
	r := newRouter(t, routes...)
	for i := range hosts {
		got, _, _ := outcome(r, routes, request(fmt.Sprintf("GET h%d.example.com:80/", i)))
		require.Equal(t, "r", got)
	}
}

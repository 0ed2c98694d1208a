package router_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/router"
	"github.com/seed-f9645bd3/gateway/registry"
)

// route writes a route in one line: its name, and its match as
// "METHOD,METHOD host/path"; "* /path" takes all methods, of any host.
func route(name, match string, change ...func(*registry.Match)) registry.Route {
	methods, where, _ := strings.Cut(match, " ")
	host, path, _ := strings.Cut(where, "/")
	m := registry.Match{Path: "/" + path}
	if methods != "*" {
		m.Methods = strings.Split(methods, ",")
	}
	if host != "" {
		m.Hosts = []string{host}
	}
	for _, c := range change {
		c(&m)
	}
	return registry.Route{Name: name, Match: m}
}

func header(name, exact string) func(*registry.Match) {
	return func(m *registry.Match) { m.Headers = append(m.Headers, registry.Predicate{Name: name, Exact: exact}) }
}

func query(name, exact string) func(*registry.Match) {
	return func(m *registry.Match) { m.Query = append(m.Query, registry.Predicate{Name: name, Exact: exact}) }
}

func priority(n int) func(*registry.Match) { return func(m *registry.Match) { m.Priority = n } }

func newRouter(t testing.TB, routes ...registry.Route) *router.Router {
	t.Helper()
	r, err := router.New(routes)
	require.NoError(t, err)
	return r
}

// request makes a request of "METHOD host/target" and fields "Name: value".
func request(line string, fields ...string) *http.Request {
	method, url, _ := strings.Cut(line, " ")
	host, target, _ := strings.Cut(url, "/")
	req := httptest.NewRequest(method, "/"+target, nil)
	req.Host = host
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		req.Header.Add(name, value)
	}
	return req
}

// outcome matches and returns the name of the route, or the status.
func outcome(r *router.Router, routes []registry.Route, req *http.Request) (string, router.Match, []string) {
	var values [pipeline.MaxParams]string
	m := r.Match(req, &values)
	if m.Route < 0 {
		return http.StatusText(m.Status), m, nil
	}
	return routes[m.Route].Name, m, values[:len(m.Names)]
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		routes []registry.Route
		req    *http.Request
		want   string
	}{
		{"an exact host comes before a wildcard", []registry.Route{
			route("wild", "* *.example.com/a"), route("exact", "* x.example.com/{p...}"),
		}, request("GET x.example.com/a"), "exact"},
		{"a wildcard comes before any host", []registry.Route{
			route("any", "* /a"), route("wild", "* *.example.com/{p...}"),
		}, request("GET x.example.com/a"), "wild"},
		{"a longer suffix is the only one that takes a longer name", []registry.Route{
			route("short", "* *.example.com/a"), route("long", "* *.b.example.com/a"),
		}, request("GET x.b.example.com/a"), "long"},
		{"a literal comes before a parameter", []registry.Route{
			route("param", "GET /users/{id}", priority(9)), route("literal", "* /users/me"),
		}, request("GET h/users/me"), "literal"},
		{"a parameter comes before a rest", []registry.Route{
			route("rest", "GET /users/{id...}", priority(9)), route("param", "* /users/{id}"),
		}, request("GET h/users/me"), "param"},
		{"an earlier segment counts more than a later", []registry.Route{
			route("late", "* /{a}/literal"), route("early", "* /literal/{b}"),
		}, request("GET h/literal/literal"), "early"},
		{"a slash at the end comes before an empty rest", []registry.Route{
			route("rest", "GET /a/{rest...}", priority(9)), route("slash", "* /a/"),
		}, request("GET h/a/"), "slash"},
		{"an empty rest comes before a rest further up", []registry.Route{
			route("all", "* /{all...}"), route("rest", "* /a/{rest...}"),
		}, request("GET h/a/"), "rest"},
		{"the root comes before an empty rest", []registry.Route{
			route("all", "* /{all...}"), route("root", "* /"),
		}, request("GET h/"), "root"},
		{"a literal with a rest behind comes before parameters", []registry.Route{
			route("params", "* /{a}/{b}"), route("rest", "* /a/{rest...}"),
		}, request("GET h/a/b"), "rest"},
		{"a path counts more than a method", []registry.Route{
			route("method", "GET /{a}"), route("path", "* /a"),
		}, request("GET h/a"), "path"},
		{"a named method comes before all methods", []registry.Route{
			route("all", "* /a", header("X-A", "1"), priority(9)), route("named", "GET /a"),
		}, request("GET h/a", "X-A: 1"), "named"},
		{"HEAD named comes before GET", []registry.Route{
			route("get", "GET /a", header("X-A", "1")), route("head", "HEAD /a"),
		}, request("HEAD h/a", "X-A: 1"), "head"},
		{"HEAD goes to GET before all methods", []registry.Route{
			route("all", "* /a", header("X-A", "1")), route("get", "GET /a"),
		}, request("HEAD h/a", "X-A: 1"), "get"},
		{"more predicates come before a higher priority", []registry.Route{
			route("one", "GET /a", header("X-A", "1"), priority(9)),
			route("two", "GET /a", header("X-A", "1"), query("b", "2")),
		}, request("GET h/a?b=2", "X-A: 1"), "two"},
		{"a higher priority comes before a lower", []registry.Route{
			route("low", "GET /a"), route("high", "GET /a", priority(1)),
		}, request("GET h/a"), "high"},
		{"an unmet predicate gives way on the same path", []registry.Route{
			route("held", "GET /a", header("X-A", "1")), route("open", "GET /a"),
		}, request("GET h/a", "X-A: 2"), "open"},
		{"a method not taken gives way to a less exact path", []registry.Route{
			route("literal", "POST /users/me"), route("param", "GET /users/{id}"),
		}, request("GET h/users/me"), "param"},
		{"a dead end gives way to a less exact path", []registry.Route{
			route("deep", "* /a/b/c"), route("param", "* /a/{x}/d"),
		}, request("GET h/a/b/d"), "param"},
		{"a dead end gives way to a rest further up", []registry.Route{
			route("deep", "* /a/b/c/d"), route("params", "* /a/{x}/c/e"), route("rest", "* /{all...}"),
		}, request("GET h/a/b/c/f"), "rest"},
		{"a method not taken gives way to another host", []registry.Route{
			route("exact", "POST x.example.com/a"), route("wild", "PUT *.example.com/a"), route("any", "GET /a"),
		}, request("GET x.example.com/a"), "any"},
		{"an exact host of no such path gives way to a wildcard", []registry.Route{
			route("exact", "* x.example.com/b"), route("wild", "* *.example.com/a"),
		}, request("GET x.example.com/a"), "wild"},
		{"different exact values are told apart", []registry.Route{
			route("v1", "GET /a", header("X-V", "1")), route("v2", "GET /a", header("X-V", "2")),
		}, request("GET h/a", "X-V: 2"), "v2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, _, _ := outcome(newRouter(t, tt.routes...), tt.routes, tt.req)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	routes := []registry.Route{
		route("exact", "* API.Example.com./"), route("wild", "* *.example.com/"), route("v6", "* [2001:DB8:0::1]/"),
	}
	r := newRouter(t, routes...)
	tests := []struct{ name, host, want string }{
		{"case and the dot of a configured host do not count", "api.example.com", "exact"},
		{"a port does not count", "api.example.com:8443", "exact"},
		{"a wildcard takes one label", "www.example.com", "wild"},
		{"a wildcard takes one label with a port", "www.example.com:80", "wild"},
		{"a wildcard does not take none", "example.com", "Not Found"},
		{"a wildcard does not take two", "a.b.example.com", "Not Found"},
		{"a wildcard does not take an empty label", ".example.com", "Not Found"},
		{"an address in brackets is a host", "[2001:db8::1]", "v6"},
		{"an address in brackets may have a port", "[2001:db8::1]:443", "v6"},
		{"another host is not taken", "other.test", "Not Found"},
		{"an empty host is not taken", "", "Not Found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := request("GET x/")
			req.Host = tt.host
			got, _, _ := outcome(r, routes, req)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	routes := []registry.Route{
		route("root", "* /"),
		route("users", "* /users"),
		route("users/", "* /users/"),
		route("user", "* /users/{id}"),
		route("files", "* /files/{path...}"),
		route("café", "* /café/a b"),
		route("encoded", "* /%41/x%3Ay"),
		route("eight", "* /8/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}"),
	}
	r := newRouter(t, routes...)
	tests := []struct {
		name, target, want string
		values             []string
	}{
		{"the root is a path", "/", "root", []string{}},
		{"a path without slash at its end", "/users", "users", []string{}},
		{"a slash at the end makes another path", "/users/", "users/", []string{}},
		{"a parameter takes one segment", "/users/42", "user", []string{"42"}},
		{"a parameter takes no slash at the end", "/users/42/", "Not Found", nil},
		{"a parameter takes no two segments", "/users/42/x", "Not Found", nil},
		{"a parameter is decoded", "/users/a%20b%25", "user", []string{"a b%"}},
		{"a percent sign in a value is decoded once", "/users/%2541", "user", []string{"%41"}},
		{"a slash that is escaped does not split", "/users/a%2Fb", "user", []string{"a/b"}},
		{"a rest takes one segment", "/files/a", "files", []string{"a"}},
		{"a rest takes slashes and is decoded", "/files/a%20b/c/", "files", []string{"a b/c/"}},
		{"a rest may be empty", "/files/", "files", []string{""}},
		{"a rest needs the slash in front", "/files", "Not Found", nil},
		{"a literal matches its escapes", "/caf%C3%A9/a%20b", "café", []string{}},
		{"an escaped literal matches the plain character", "/A/x:y", "encoded", []string{}},
		{"an escaped literal matches any spelling", "/%41/x%3ay", "encoded", []string{}},
		{"eight parameters are taken", "/8/1/2/3/4/5/6/7/8", "eight", []string{"1", "2", "3", "4", "5", "6", "7", "8"}},
		{"the case of a path counts", "/Users", "Not Found", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, _, values := outcome(r, routes, httptest.NewRequest("GET", tt.target, nil))
			require.Equal(t, tt.want, got)
			require.Equal(t, tt.values, values)
		})
	}
}

func TestPathWithoutSlashIsUnknown(t *testing.T) {
	t.Parallel()
	routes := []registry.Route{route("all", "* /{p...}"), route("root", "* /")}
	req := request("OPTIONS h/")
	req.URL.Path = "*"
	got, _, _ := outcome(newRouter(t, routes...), routes, req)
	require.Equal(t, "Not Found", got)
}

func TestNamesFollowTheRoute(t *testing.T) {
	t.Parallel()
	routes := []registry.Route{route("get", "GET /a/{x}"), route("put", "PUT /a/{y}")}
	r := newRouter(t, routes...)
	_, m, values := outcome(r, routes, request("PUT h/a/1"))
	require.Equal(t, []string{"y"}, m.Names)
	require.Equal(t, []string{"1"}, values)
}

func TestMethods(t *testing.T) {
	t.Parallel()
	routes := []registry.Route{
		route("get", "GET,POST /a"),
		route("put", "PUT *.example.com/a"),
		route("held", "DELETE /a", header("X-A", "1")),
		route("all", "* /all"),
		route("custom", "PROPFIND /dav"),
		route("own", "OPTIONS,GET /own"),
	}
	r := newRouter(t, routes...)
	tests := []struct {
		name      string
		req       *http.Request
		want      string
		allow     string
		automatic bool
	}{
		{"a method that is listed is taken", request("POST h/a"), "get", "", false},
		{"HEAD goes to GET", request("HEAD h/a"), "get", "", false},
		{"a method that is not listed is refused with what is", request("PATCH h/a"), "Method Not Allowed", "GET, HEAD, OPTIONS, POST", false},
		{"Allow is of all hosts that match", request("PATCH x.example.com/a"), "Method Not Allowed", "GET, HEAD, OPTIONS, POST, PUT", false},
		{"Allow holds what the predicates let through", request("PATCH h/a", "X-A: 1"), "Method Not Allowed", "DELETE, GET, HEAD, OPTIONS, POST", false},
		{"a route of no methods takes all", request("PROPFIND h/all"), "all", "", false},
		{"a route of no methods takes OPTIONS itself", request("OPTIONS h/all"), "all", "", false},
		{"TRACE is never taken", request("TRACE h/all"), "Method Not Allowed", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT", false},
		{"CONNECT is never taken", request("CONNECT h/all"), "Method Not Allowed", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT", false},
		{"TRACE of an unknown path is unknown", request("TRACE h/none"), "Not Found", "", false},
		{"a method of one's own is taken", request("PROPFIND h/dav"), "custom", "", false},
		{"the case of a method counts", request("get h/a"), "Method Not Allowed", "GET, HEAD, OPTIONS, POST", false},
		{"OPTIONS that is listed is the route's own", request("OPTIONS h/own"), "own", "", false},
		{"OPTIONS that none takes is automatic", request("OPTIONS h/a"), "get", "GET, HEAD, OPTIONS, POST", true},
		{"OPTIONS of an unknown path is unknown", request("OPTIONS h/none"), "Not Found", "", false},
		{"a preflight goes to the route of the announced method", request("OPTIONS x.example.com/a", "Access-Control-Request-Method: POST"), "get", "DELETE, GET, HEAD, OPTIONS, POST, PUT", true},
		{"a preflight is not asked for fields it cannot bear", request("OPTIONS h/a", "Access-Control-Request-Method: DELETE"), "held", "DELETE, GET, HEAD, OPTIONS, POST", true},
		{"a preflight of a method not taken goes to the first of the path", request("OPTIONS x.example.com/a", "Access-Control-Request-Method: PATCH"), "put", "DELETE, GET, HEAD, OPTIONS, POST, PUT", true},
		{"a preflight of TRACE goes to the first of the path", request("OPTIONS x.example.com/a", "Access-Control-Request-Method: TRACE"), "put", "DELETE, GET, HEAD, OPTIONS, POST, PUT", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, m, _ := outcome(r, routes, tt.req)
			require.Equal(t, tt.want, got)
			require.Equal(t, tt.allow, m.Allow)
			require.Equal(t, tt.automatic, m.Automatic)
		})
	}
}

func TestAutomaticOptionsHasTheParameters(t *testing.T) {
	t.Parallel()
	routes := []registry.Route{route("a", "GET /x/{a}/b"), route("b", "PUT /{a}/{b}/{c}")}
	r := newRouter(t, routes...)
	got, m, values := outcome(r, routes, request("OPTIONS h/x/1/b", "Access-Control-Request-Method: PUT"))
	require.Equal(t, "b", got)
	require.Equal(t, []string{"a", "b", "c"}, m.Names)
	require.Equal(t, []string{"x", "1", "b"}, values)
}

func TestPredicates(t *testing.T) {
	t.Parallel()
	pattern := func(m *registry.Match) {
		m.Headers = []registry.Predicate{{Name: "x-kind", Pattern: "a|b+"}}
	}
	queryPattern := func(m *registry.Match) {
		m.Query = []registry.Predicate{{Name: "v", Pattern: "[0-9]+"}}
	}
	routes := []registry.Route{
		route("exact", "GET /exact", header("x-exact", "1")),
		route("present", "GET /present", header("X-Present", "")),
		route("pattern", "GET /pattern", pattern),
		route("query", "GET /query", query("v v", "a&b")),
		route("query present", "GET /query-present", query("flag", "")),
		route("query pattern", "GET /query-pattern", queryPattern),
		route("open", "POST /query"),
	}
	r := newRouter(t, routes...)
	tests := []struct {
		name string
		req  *http.Request
		want string
	}{
		{"a field of the value holds", request("GET h/exact", "X-Exact: 1"), "exact"},
		{"a field of another value does not hold", request("GET h/exact", "X-Exact: 2"), "Not Found"},
		{"a field that is absent does not hold", request("GET h/exact"), "Not Found"},
		{"a field that is repeated does not hold", request("GET h/exact", "X-Exact: 1", "X-Exact: 1"), "Not Found"},
		{"an empty field is present", request("GET h/present", "X-Present: "), "present"},
		{"a repeated field is present", request("GET h/present", "X-Present: 1", "X-Present: 2"), "present"},
		{"a pattern matches the whole value", request("GET h/pattern", "X-Kind: bb"), "pattern"},
		{"a pattern does not match a part", request("GET h/pattern", "X-Kind: ac"), "Not Found"},
		{"a pattern does not match before a line break", request("GET h/pattern", "X-Kind: a\n"), "Not Found"},
		{"a query parameter is decoded", request("GET h/query?x&v%20v=a%26b"), "query"},
		{"a plus sign is a space", request("GET h/query?v+v=a%26b"), "query"},
		{"a repeated query parameter does not hold", request("GET h/query?v+v=a%26b&v+v=c"), "Method Not Allowed"},
		{"a query parameter without value is present", request("GET h/query-present?flag"), "query present"},
		{"a semicolon separates nothing", request("GET h/query-present?a;flag"), "Not Found"},
		{"a query pattern holds", request("GET h/query-pattern?v=12"), "query pattern"},
		{"a query pattern does not match a part", request("GET h/query-pattern?v=12a"), "Not Found"},
		{"a query that cannot be read is refused where it decides", request("GET h/query?v+v=a%26b&x=%zz"), "Bad Request"},
		{"a query that ends within an escape is refused", request("GET h/query?x=%4"), "Bad Request"},
		{"a query of too many parameters is refused", request("GET h/query?" + strings.Repeat("a&", 1000)), "Bad Request"},
		{"a query of as many as allowed is read", request("GET h/query?v+v=a%26b" + strings.Repeat("&a", 999)), "query"},
		{"a query that decides nothing is not read", request("POST h/query?x=%zz"), "open"},
		{"a query that cannot be read is refused before the methods are told", request("PUT h/query?x=%zz"), "Bad Request"},
		{"a query that cannot be read is refused on an automatic OPTIONS", request("OPTIONS h/query?x=%zz"), "Bad Request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, _, _ := outcome(r, routes, tt.req)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestProblem(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		code   string
	}{
		{"an unreadable query is a 400", 400, pipeline.CodeQueryMalformed},
		{"no route is a 404", 404, pipeline.CodeRouteUnknown},
		{"no method is a 405", 405, pipeline.CodeMethodRefused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := router.Match{Route: -1, Status: tt.status, Allow: "GET"}
			p := m.Problem()
			require.Equal(t, tt.status, p.Status)
			require.Equal(t, tt.code, p.Code)
			if tt.status == 405 {
				require.Equal(t, "GET", p.Header.Get("Allow"))
			}
		})
	}
	require.Nil(t, (&router.Match{}).Problem())
}

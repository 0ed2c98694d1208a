package router_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/router"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A claim is a route that matches host and path of a request.
type claim struct {
	route  int
	host   int    // 0 exact, 1 wildcard, 2 any
	path   string // one digit a segment: 0 literal, 1 parameter, 2 rest
	method int    // 0 named, 1 GET for HEAD, 2 all, 3 not taken
	values []string
	match  *registry.Match
}

// reference is the written precedence and nothing else: all routes, sorted
// for the request, the first that holds. It knows fields and parameters of
// exact values only, each sent at most once.
func reference(routes []registry.Route, req *http.Request) (int, []string, int, string) {
	var claims []claim
	for i := range routes {
		m := &routes[i].Match
		host := hostClass(m.Hosts, req.Host)
		path, values, ok := pathClasses(m.Path, req.URL.EscapedPath())
		if host < 3 && ok && predicatesHold(m, req) {
			claims = append(claims, claim{i, host, path, methodClass(m.Methods, req.Method), values, m})
		}
	}
	slices.SortFunc(claims, func(a, b claim) int {
		return cmp.Or(
			cmp.Compare(a.host, b.host), cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method),
			cmp.Compare(len(b.match.Headers)+len(b.match.Query), len(a.match.Headers)+len(a.match.Query)),
			cmp.Compare(b.match.Priority, a.match.Priority),
		)
	})
	var allow []string
	for _, c := range claims {
		if c.method < 3 {
			return c.route, c.values, 0, ""
		}
		allow = append(allow, c.match.Methods...)
		if slices.Contains(c.match.Methods, "GET") {
			allow = append(allow, "HEAD")
		}
	}
	if len(claims) == 0 {
		return -1, nil, 404, ""
	}
	allow = append(allow, "OPTIONS")
	slices.Sort(allow)
	return -1, nil, 405, strings.Join(slices.Compact(allow), ", ")
}

func hostClass(hosts []string, host string) int {
	if len(hosts) == 0 {
		return 2
	}
	class := 3
	for _, h := range hosts {
		label, isSub := strings.CutSuffix(host, strings.TrimPrefix(h, "*"))
		switch {
		case h == host:
			class = 0
		case strings.HasPrefix(h, "*") && isSub && label != "" && !strings.Contains(label, "."):
			class = min(class, 1)
		}
	}
	return class
}

func pathClasses(template, path string) (classes string, values []string, ok bool) {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	for i, w := range want {
		if strings.HasSuffix(w, "...}") {
			value, _ := url.PathUnescape(strings.Join(have[min(i, len(have)):], "/"))
			return classes + "2", append(values, value), i < len(have)
		}
		if i >= len(have) {
			return "", nil, false
		}
		value, _ := url.PathUnescape(have[i])
		switch {
		case !strings.HasPrefix(w, "{"):
			classes += "0"
			if w != value {
				return "", nil, false
			}
		case value == "":
			return "", nil, false
		default:
			classes += "1"
			values = append(values, value)
		}
	}
	return classes, values, len(want) == len(have)
}

func methodClass(methods []string, method string) int {
	switch {
	case len(methods) == 0:
		return 2
	case slices.Contains(methods, method):
		return 0
	case method == "HEAD" && slices.Contains(methods, "GET"):
		return 1
	}
	return 3
}

func predicatesHold(m *registry.Match, req *http.Request) bool {
	for _, p := range m.Headers {
		if req.Header.Get(p.Name) != p.Exact {
			return false
		}
	}
	for _, p := range m.Query {
		if req.URL.Query().Get(p.Name) != p.Exact {
			return false
		}
	}
	return true
}

func pick(rng *rand.Rand, from ...string) string { return from[rng.IntN(len(from))] }

// chanceRoutes are never ambiguous: each has a priority of its own.
func chanceRoutes(rng *rand.Rand) []registry.Route {
	var routes []registry.Route
	for i := range 1 + rng.IntN(40) {
		m := registry.Match{Priority: i}
		for range rng.IntN(3) {
			m.Hosts = append(m.Hosts, pick(rng, "a.test", "b.test", "x.a.test", "*.a.test", "*.test"))
		}
		for range rng.IntN(3) {
			m.Methods = append(m.Methods, pick(rng, "GET", "HEAD", "POST", "PURGE"))
		}
		for s := range 1 + rng.IntN(4) {
			m.Path += pick(rng, "/a", "/b", "/c d", fmt.Sprintf("/{p%d}", s))
		}
		switch rng.IntN(4) {
		case 0:
			m.Path += "/"
		case 1:
			m.Path += "/{rest...}"
		}
		if rng.IntN(3) == 0 {
			m.Headers = append(m.Headers, registry.Predicate{Name: "X-H", Exact: pick(rng, "1", "2")})
		}
		if rng.IntN(3) == 0 {
			m.Query = append(m.Query, registry.Predicate{Name: "q", Exact: pick(rng, "1", "2")})
		}
		routes = append(routes, registry.Route{Name: fmt.Sprint(i), Match: m})
	}
	return routes
}

func chanceRequest(rng *rand.Rand) *http.Request {
	target := ""
	for range 1 + rng.IntN(5) {
		target += pick(rng, "/a", "/b", "/%61", "/c%20d", "/z")
	}
	target += pick(rng, "", "", "/") + pick(rng, "", "?q=1", "?x=%31&q=%32")
	req := request(pick(rng, "GET", "HEAD", "POST", "PURGE", "PUT") + " h" + target)
	req.Host = pick(rng, "a.test", "b.test", "x.a.test", "y.a.test", "c.test", "other", "z.x.a.test")
	if h := pick(rng, "", "1", "2"); h != "" {
		req.Header.Set("X-H", h)
	}
	return req
}

func TestMatchIsTheWrittenPrecedence(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	matched := 0
	for range 400 {
		routes := chanceRoutes(rng)
		r, err := router.New(routes)
		require.NoError(t, err)
		for range 40 {
			req := chanceRequest(rng)
			var values [pipeline.MaxParams]string
			m := r.Match(req, &values)
			route, want, status, allow := reference(routes, req)
			if m.Route != route || m.Status != status || m.Allow != allow || !slices.Equal(values[:len(m.Names)], want) {
				t.Fatalf("%s %s%s %v among\n%v\ngot %+v %q, want route %d %q, status %d, allow %q",
					req.Method, req.Host, req.URL, req.Header, routes, m, values[:len(m.Names)], route, want, status, allow)
			}
			if route >= 0 {
				matched++
			}
		}
	}
	require.Greater(t, matched, 2000, "most requests must not be in vain")
}

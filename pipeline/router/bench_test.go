package router_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/router"
	"github.com/seed-f9645bd3/gateway/registry"
)

// manyRoutes returns 10,000 routes of 1,000 APIs on ten hosts, and a request
// for each of them.
func manyRoutes() ([]registry.Route, []*http.Request) {
	shapes := [...]string{
		"GET %s/users/{id}", "GET,POST %s/users", "PUT,DELETE %s/users/{id}",
		"GET %s/users/{id}/orders/{order}", "POST %s/users/{id}/orders",
		"GET %s/search", "GET %s/files/{path...}", "GET %s/users/me",
		"GET %s/reports/{year}/{month}", "POST %s/batch",
	}
	values := strings.NewReplacer("{id}", "8f14e45f", "{order}", "1234", "{path...}", "a/b/c.txt", "{year}", "2026", "{month}", "11")
	var routes []registry.Route
	var requests []*http.Request
	for api := range 1000 {
		base := fmt.Sprintf("api%d.example.com/product-%d/v%d", api%10, api, api%3+1)
		for i, shape := range shapes {
			match := fmt.Sprintf(shape, base)
			routes = append(routes, route(fmt.Sprintf("%d-%d", api, i), match))
			methods, where, _ := strings.Cut(values.Replace(match), " ")
			method, _, _ := strings.Cut(methods, ",")
			requests = append(requests, request(method+" "+where))
		}
	}
	return routes, requests
}

func BenchmarkNew10000(b *testing.B) {
	routes, _ := manyRoutes()
	b.ReportAllocs()
	for b.Loop() {
		_, err := router.New(routes)
		require.NoError(b, err)
	}
}

// BenchmarkMatch10000 asks for the routes in random order, so that the tree is
// as cold as it is among other work. The requests are laid out in that order,
// since a server has just read the one that it matches.
func BenchmarkMatch10000(b *testing.B) {
	routes, requests := manyRoutes()
	r := newRouter(b, routes...)
	rand.Shuffle(len(requests), func(i, j int) { requests[i], requests[j] = requests[j], requests[i] })
	var all strings.Builder
	for _, req := range requests {
		all.WriteString(req.URL.Path)
	}
	type line struct{ method, host, path string }
	lines := make([]line, len(requests))
	methods, hosts := map[string]string{}, map[string]string{}
	for _, req := range requests {
		methods[req.Method], hosts[req.Host] = req.Method, req.Host
	}
	rest := all.String()
	for i, req := range requests {
		n := len(req.URL.Path)
		lines[i] = line{methods[req.Method], hosts[req.Host], rest[:n]}
		rest = rest[n:]
	}
	req := request("GET h/")
	var values [pipeline.MaxParams]string
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		l := &lines[i]
		req.Method, req.Host, req.URL.Path = l.method, l.host, l.path
		if m := r.Match(req, &values); m.Status != 0 {
			b.Fatal(m.Status)
		}
		if i++; i == len(lines) {
			i = 0
		}
	}
}

func BenchmarkMatchOne(b *testing.B) {
	routes, requests := manyRoutes()
	r := newRouter(b, routes...)
	for _, i := range []int{0, 3, 6} {
		b.Run(strings.TrimPrefix(routes[i].Match.Path, "/product-0/v1/"), func(b *testing.B) {
			var values [pipeline.MaxParams]string
			b.ReportAllocs()
			for b.Loop() {
				r.Match(requests[i], &values)
			}
		})
	}
}

func BenchmarkMatchRefused(b *testing.B) {
	routes, _ := manyRoutes()
	r := newRouter(b, routes...)
	for name, line := range map[string]string{
		"404": "GET api0.example.com/product-0/v1/none", "405": "PATCH api0.example.com/product-0/v1/users/1",
	} {
		b.Run(name, func(b *testing.B) {
			req := request(line)
			var values [pipeline.MaxParams]string
			b.ReportAllocs()
			for b.Loop() {
				r.Match(req, &values)
			}
		})
	}
}

func BenchmarkMatchPredicates(b *testing.B) {
	r := newRouter(b,
		route("v1", "GET /a/{id}", header("X-Version", "1"), query("tenant", "a")),
		route("v2", "GET /a/{id}", header("X-Version", "2"), query("tenant", "a")),
	)
	req := request("GET h/a/1?page=2&tenant=a", "X-Version: 2")
	var values [pipeline.MaxParams]string
	b.ReportAllocs()
	for b.Loop() {
		r.Match(req, &values)
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	routes, requests := manyRoutes()
	r := newRouter(t, routes...)
	var values [pipeline.MaxParams]string
	i := 0
	require.Zero(t, testing.AllocsPerRun(len(requests), func() {
		if r.Match(requests[i%len(requests)], &values).Route != i%len(requests) {
			panic(requests[i%len(requests)].URL.Path)
		}
		i++
	}))
}

// TestTurningBackIsBounded gives the router the worst tree: every mixture of
// literals and parameters along one path, so that a path whose end is unknown
// is tried in each of them, and none twice.
func TestTurningBackIsBounded(t *testing.T) {
	t.Parallel()
	const depth = pipeline.MaxParams
	var routes []registry.Route
	for mask := range 1 << depth {
		var path strings.Builder
		for i := range depth {
			if mask>>i&1 == 0 {
				path.WriteString("/a")
			} else {
				fmt.Fprintf(&path, "/{p%d}", i)
			}
		}
		routes = append(routes, route(fmt.Sprint(mask), "* "+path.String()+strings.Repeat("/a", 64-depth)))
	}
	r := newRouter(t, routes...)
	req := request("GET h" + strings.Repeat("/a", 63) + "/b")
	var values [pipeline.MaxParams]string
	start := time.Now()
	require.Equal(t, http.StatusNotFound, r.Match(req, &values).Status)
	require.Less(t, time.Since(start), 100*time.Millisecond, "256 paths of 64 segments are at most 16,384 steps")
	long := request("GET h" + strings.Repeat("/a", 4000))
	start = time.Now()
	require.Equal(t, http.StatusNotFound, r.Match(long, &values).Status)
	require.Less(t, time.Since(start), 100*time.Millisecond)
}

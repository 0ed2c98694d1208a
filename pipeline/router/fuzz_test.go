package router_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/router"
	"github.com/seed-f9645bd3/gateway/registry"
)

// FuzzMatch holds whatever comes in to the promises of Match.
func FuzzMatch(f *testing.F) {
	routes := []registry.Route{
		route("me", "GET,PUT /users/me"), route("user", "GET /users/{id}"), route("users", "* /users/"),
		route("files", "GET *.example.com/files/{path...}"), route("all", "POST /{all...}"),
		route("held", "GET /held", query("v", "1")),
	}
	r := newRouter(f, routes...)
	for _, target := range []string{
		"/", "/users/me", "/users/%6de", "/users/a%2Fb", "/users/a%", "/files/a/b", "/files/", "//", "/held?v=1",
		"/held?v=%zz", "/users/" + strings.Repeat("a/", 100), "/caf\u00e9", "*", "", "/users/..", "/%00",
	} {
		f.Add(target, "GET", "x.example.com:80")
		f.Add(target, "OPTIONS", "[::1]:80")
	}
	f.Fuzz(func(t *testing.T, target, method, host string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			t.Skip()
		}
		req := &http.Request{Method: method, Host: host, URL: u, Header: http.Header{}}
		var values [pipeline.MaxParams]string
		m := r.Match(req, &values)
		require.Equal(t, m.Route < 0, m.Status != 0)
		require.Equal(t, m.Status == 405 || m.Automatic, m.Allow != "")
		if m.Route < 0 {
			return
		}
		template := routes[m.Route].Match.Path
		require.Equal(t, strings.Count(template, "{"), len(m.Names))
		for _, v := range values[:len(m.Names)] {
			require.True(t, v != "" || strings.HasSuffix(template, "...}"), "a parameter is never empty")
		}
	})
}

// FuzzNew holds templates, hosts and patterns of any form to this: refused
// with faults, or served.
func FuzzNew(f *testing.F) {
	for _, path := range []string{"/", "/a/{b}", "/a/{b...}", "/{", "/%2e", "//", "/{a}/{a}", "/a%2Fb", "/\x00"} {
		f.Add(path, "*.example.com", "GET", "a|b")
		f.Add(path, "[::1]", "get", "(")
		f.Add(path, "a:80", "G T", "a)|(b")
	}
	f.Fuzz(func(t *testing.T, path, host, method, pattern string) {
		routes := []registry.Route{{Name: "r", Match: registry.Match{
			Path: path, Hosts: []string{host}, Methods: []string{method},
			Headers: []registry.Predicate{{Name: "X-A", Pattern: pattern}},
		}}}
		r, err := router.New(routes)
		if err != nil {
			var faults registry.Faults
			require.ErrorAs(t, err, &faults)
			require.NotEmpty(t, faults)
			return
		}
		var values [pipeline.MaxParams]string
		req := request("GET h/a/b", "X-A: a")
		r.Match(req, &values)
	})
}

package router_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/router"
	"github.com/seed-f9645bd3/gateway/registry"
)

func ExampleNew() {
	routes := []registry.Route{
		{Name: "get-user", Match: registry.Match{Methods: []string{"GET"}, Path: "/users/{id}"}},
		{Name: "me", Match: registry.Match{Methods: []string{"GET"}, Path: "/users/me"}},
	}
	r, err := router.New(routes)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range [][2]string{{"GET", "/users/me"}, {"GET", "/users/4%202"}, {"DELETE", "/users/42"}, {"OPTIONS", "/users/42"}} {
		var values [pipeline.MaxParams]string
		m := r.Match(httptest.NewRequest(line[0], line[1], nil), &values)
		if m.Route < 0 {
			fmt.Println(line[0], line[1], m.Status, m.Allow)
			continue
		}
		fmt.Println(line[0], line[1], routes[m.Route].Name, values[:len(m.Names)], m.Automatic)
	}
	// Output:
	// GET /users/me me [] false
	// GET /users/4%202 get-user [4 2] false
	// DELETE /users/42 405 GET, HEAD, OPTIONS
	// OPTIONS /users/42 get-user [42] true
}

func ExampleNew_ambiguous() {
	_, err := router.New([]registry.Route{
		{Name: "by-id", Match: registry.Match{Path: "/users/{id}"}},
		{Name: "by-name", Match: registry.Match{Path: "/users/{name}"}},
	})
	fmt.Println(err)
	// Output:
	// route "by-name": field /match: ambiguous: route "by-name" takes the same requests as route "by-id" with equal right; give one a higher priority
}

func ExampleRewrite() {
	route := registry.Route{Match: registry.Match{Path: "/shop/{path...}"}, Rewrite: "/v2/{path...}"}
	stage, _, err := router.Rewrite(&route)
	if err != nil {
		fmt.Println(err)
		return
	}
	forward := stage.Wrap(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		fmt.Println(x.Target())
		return pipeline.Respond(x, http.StatusNoContent, "", nil), nil
	})
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/shop/items/a%20b?sort=up", nil)}
	x.SetParams([]string{"path"}, &[pipeline.MaxParams]string{"items/a b"})
	if _, err := forward(context.Background(), x); err != nil {
		fmt.Println(err)
	}
	// Output:
	// /v2/items/a%20b?sort=up
}

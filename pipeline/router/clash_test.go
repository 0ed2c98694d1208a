package router_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/router"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestAmbiguityAmongManyOfOnePath(t *testing.T) {
	t.Parallel()
	var routes []registry.Route
	for i := range 1000 {
		routes = append(routes, route(fmt.Sprint(i), "GET /a", header("X-Tenant", fmt.Sprint(i)), query("v", fmt.Sprint(i%3))))
	}
	newRouter(t, routes...)
	tests := []struct {
		name  string
		route registry.Route
		with  string
	}{
		{"both values alike", route("b", "GET /a", header("X-Tenant", "500"), query("v", "2")), `"500"`},
		{"one field the same and another one", route("b", "GET /a", header("X-Tenant", "500"), header("X-B", "1")), `"500"`},
		{"neither of the fields", route("b", "GET /a", header("X-A", "1"), header("X-B", "1")), `"0"`},
		{"the other field only", route("b", "GET /a", header("X-A", "1"), query("v", "2")), `"2"`},
		{"one value alike and the other not", route("b", "GET /a", header("X-Tenant", "500"), query("v", "1")), ""},
	}
	for _, tt := range tests {
		for _, where := range []string{"last", "first"} {
			t.Run(tt.name+", "+where, func(t *testing.T) {
				t.Parallel()
				all := append(append([]registry.Route{}, routes...), tt.route)
				if where == "first" {
					all = append([]registry.Route{tt.route}, routes...)
				}
				_, err := router.New(all)
				if tt.with == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorContains(t, err, `route "b"`)
				require.ErrorContains(t, err, "route "+tt.with)
			})
		}
	}
}

func TestManyAlikeAreToldOnceEach(t *testing.T) {
	t.Parallel()
	var routes []registry.Route
	for i := range 2000 {
		routes = append(routes, route(fmt.Sprint(i), "GET /a"))
	}
	_, err := router.New(routes)
	require.Len(t, registry.AsFaults(err), 1999)
}

// BenchmarkNewOnePath has 10,000 routes of one path, told apart by a field.
func BenchmarkNewOnePath(b *testing.B) {
	var routes []registry.Route
	for i := range 10_000 {
		routes = append(routes, route(fmt.Sprint(i), "GET /a", header("X-Tenant", fmt.Sprint(i))))
	}
	for b.Loop() {
		_, err := router.New(routes)
		require.NoError(b, err)
	}
}

package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/standard"
	"github.com/seed-f9645bd3/gateway/transform/answer"
)

// A gateway whose program listens itself: a handler among others.
func ExampleNew() {
	g, err := gateway.New(
		standard.Kinds(),
		gateway.Upstream("users", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, "asked for", r.URL.Path)
		})),
		gateway.Snapshot(&registry.Snapshot{Routes: []registry.Route{{
			Name:     "get-user",
			Match:    registry.Match{Methods: []string{"GET"}, Path: "/users/{id}"},
			Upstream: "users",
			Policies: []registry.Policy{authz.PublicPolicy()},
		}}}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer g.Close()

	mux := http.NewServeMux()
	mux.Handle("/api/", http.StripPrefix("/api", g))
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, g.Serving()) })

	for _, path := range []string{"/api/users/7", "/health"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		fmt.Print(w.Body)
	}
	// Output:
	// asked for /users/7
	// true
}

// A configuration is replaced while it serves; what is refused changes nothing.
func ExampleGateway_Apply() {
	g, err := gateway.New(standard.Kinds(), gateway.Snapshot(saying("one")))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer g.Close()
	ask := func() string {
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		return w.Body.String()
	}

	fmt.Println(ask())
	fmt.Println(g.Apply(context.Background(), registry.Update{Snapshot: saying("two")}), ask())
	nobody := saying("three")
	nobody.Routes[0].Policies = nobody.Routes[0].Policies[1:]
	fmt.Println(g.Apply(context.Background(), registry.Update{Snapshot: nobody}))
	fmt.Println(ask())
	// Output:
	// one
	// <nil> two
	// route "home": field /policies: says nothing about who may call it; want a policy that authorizes, such as subscription, or public, or deny
	// two
}

func saying(what string) *registry.Snapshot {
	return &registry.Snapshot{Version: what, Routes: []registry.Route{{
		Name: "home", Match: registry.Match{Path: "/"},
		Policies: []registry.Policy{authz.PublicPolicy(), answer.RespondPolicy(answer.RespondConfig{Body: what})},
	}}}
}

package upstream_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

// show serves one exchange and prints what came back.
func show(serve pipeline.Handler, target string) {
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", target, nil)}
	resp, err := serve(context.Background(), x)
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	_ = x.Finish(&pipeline.Summary{})
	fmt.Printf("%d %s\n", resp.StatusCode, body)
}

func ExampleNew() {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "asked for ", r.URL.Path, " by way of ", r.Header.Get("Via"))
	}))
	defer backend.Close()

	u, err := upstream.New(registry.Upstream{
		Name:      "users",
		Endpoints: []registry.Endpoint{{URL: backend.URL + "/v2"}},
	}, upstream.Options{Via: "edge-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer u.Close()
	show(u.Serve, "/users/7")
	// Output: 200 asked for /v2/users/7 by way of 1.1 edge-1
}

func ExampleNew_faults() {
	_, err := upstream.New(registry.Upstream{
		Name:      "users",
		Endpoints: []registry.Endpoint{{URL: "127.0.0.1:9001"}, {URL: "http://127.0.0.1:9002", Weight: -3}},
	}, upstream.Options{})
	fmt.Println(err)
	// Output:
	// upstream "users": field /endpoints/0/url: want a URL such as http://127.0.0.1:8080
	// upstream "users": field /endpoints/1/weight: want 0 to 1000, not -3
}

func ExampleUpstream_Update() {
	u, err := upstream.New(registry.Upstream{
		Name: "users", Endpoints: []registry.Endpoint{{URL: "http://127.0.0.1:9001"}},
	}, upstream.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer u.Close()
	_ = u.Update([]registry.Endpoint{{URL: "http://127.0.0.1:9001", Weight: 3}, {URL: "http://127.0.0.1:9002"}})
	for _, e := range u.Status().Endpoints {
		fmt.Println(e.URL, e.Weight)
	}
	// Output:
	// http://127.0.0.1:9001 3
	// http://127.0.0.1:9002 1
}

func ExampleHandler() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "hello from ", r.URL.Path)
	})
	show(upstream.Handler(hello), "/here")
	// Output: 200 hello from /here
}

func ExampleNewRoundRobin() {
	var set []*upstream.Endpoint
	for _, c := range []registry.Endpoint{{URL: "http://a", Weight: 3}, {URL: "http://b"}} {
		e, err := upstream.NewEndpoint(c)
		if err != nil {
			fmt.Println(err)
			return
		}
		set = append(set, e)
	}
	b := upstream.NewRoundRobin()
	for range 4 {
		fmt.Println(b.Pick(nil, set).URL())
	}
	// Output:
	// http://a
	// http://a
	// http://b
	// http://a
}

func ExampleRoundTripper() {
	signing := upstream.RoundTripper("signing", func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.Header.Set("Signature", "sig1=...")
			return next.RoundTrip(r)
		})
	})
	backend := upstream.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("Signature"))
	}))
	show(pipeline.Chain(backend, signing), "/")
	// Output: 200 sig1=...
}

func ExampleRoundRobinKind() {
	fmt.Println(upstream.RoundRobinKind().KindName())
	// Output: round_robin
}

func ExampleNewLeastConnections() {
	e, err := upstream.NewEndpoint(registry.Endpoint{URL: "http://a"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(upstream.NewLeastConnections().Pick(nil, []*upstream.Endpoint{e}).URL())
	// Output: http://a
}

func ExampleLeastConnectionsKind() {
	fmt.Println(upstream.LeastConnectionsKind().KindName())
	// Output: least_connections
}

func ExampleNewRandomTwo() {
	e, err := upstream.NewEndpoint(registry.Endpoint{URL: "http://a"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(upstream.NewRandomTwo(nil).Pick(nil, []*upstream.Endpoint{e}).URL())
	// Output: http://a
}

func ExampleRandomTwoKind() {
	fmt.Println(upstream.RandomTwoKind().KindName())
	// Output: random_two
}

func ExampleNewHash() {
	b, err := upstream.NewHash(upstream.HashConfig{Header: "X-Tenant"})
	if err != nil {
		fmt.Println(err)
		return
	}
	var set []*upstream.Endpoint
	for _, url := range []string{"http://a", "http://b", "http://c"} {
		e, err := upstream.NewEndpoint(registry.Endpoint{URL: url})
		if err != nil {
			fmt.Println(err)
			return
		}
		set = append(set, e)
	}
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	x.In.Header.Set("X-Tenant", "acme")
	for range 2 {
		fmt.Println(b.Pick(x, set).URL())
	}
	// Output:
	// http://c
	// http://c
}

func ExampleHashKind() {
	fmt.Println(upstream.HashKind().KindName())
	// Output: hash
}

func ExampleNew_health() {
	var wait sync.WaitGroup
	defer wait.Wait()
	ctx, end := context.WithCancel(context.Background())
	defer end()
	up, err := upstream.New(registry.Upstream{
		Name:      "users",
		Endpoints: []registry.Endpoint{{URL: "http://127.0.0.1:9001"}},
		Health: registry.Health{
			Active:  &registry.ActiveHealth{HTTP: &registry.HTTPProbe{Path: "/healthz"}, Initial: "unhealthy"},
			Passive: &registry.PassiveHealth{},
		},
	}, upstream.Options{Go: func(f func(context.Context)) { wait.Go(func() { f(ctx) }) }})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(up.Status().Endpoints[0].Health)
	up.Close()
	// Output: unhealthy
}

package cache_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/cache/memory"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func ExampleNew() {
	env := &pipeline.Env{Route: &registry.Route{Name: "things"}}
	stage, err := cache.New(env, memory.New(memory.Config{}), cache.Config{TTL: registry.Duration(time.Minute)})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := stage.Wrap(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		fmt.Println("the backend is asked")
		return pipeline.Respond(x, http.StatusOK, "", nil), nil
	})
	for range 2 {
		in, _ := http.NewRequest(http.MethodGet, "/things/1", nil)
		x := &pipeline.Exchange{In: in}
		resp, err := h(context.Background(), x)
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = resp.Body.Close()
		fmt.Println(resp.StatusCode, x.Decisions()[0].Code)
	}
	// Output:
	// the backend is asked
	// 200 cache_miss
	// 200 cache_hit
}

func ExamplePolicy() {
	p := cache.Policy(cache.Config{
		TTL: registry.Duration(30 * time.Second), StaleIfError: registry.Duration(time.Hour),
		Key: cache.KeyConfig{Query: cache.QueryConfig{Ignore: []string{"utm_source"}}},
	})
	fmt.Println(p, string(p.Config))
	// Output: cache {"key":{"query":{"ignore":["utm_source"]}},"stale_if_error":"1h0m0s","ttl":"30s"}
}

func ExampleFixed() {
	cluster := cache.Fixed("cluster", memory.New(memory.Config{Size: registry.GiB}))
	fmt.Println(cluster.KindName())
	// Output: cluster
}

func ExampleKind() {
	fmt.Println(cache.Kind().KindName())
	// Output: cache
}

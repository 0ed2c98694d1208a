package ratelimit_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

func ExampleNewMemory() {
	m := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	asks := []ratelimit.Ask{{Key: "acme", Rate: ratelimit.Rate{Limit: 2, Per: time.Hour}, N: 1}}
	results := make([]ratelimit.Result, 1)
	for range 3 {
		if err := m.Take(context.Background(), asks, results); err != nil {
			fmt.Println(err)
		}
		fmt.Println(results[0].Allowed, results[0].Remaining)
	}
	// Output:
	// true 1
	// true 0
	// false 0
}

func ExampleNew() {
	stage, err := ratelimit.New(&pipeline.Env{}, ratelimit.NewMemory(ratelimit.MemoryConfig{}), ratelimit.Config{
		Per: "consumer", Rate: registry.Rate{Count: 1, Per: time.Minute},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := stage.Wrap(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, http.StatusOK, "", nil), nil
	})
	for range 2 {
		x := from("sub-1")
		_, err := h(context.Background(), x)
		fmt.Println(x.Reply.Get("RateLimit-Policy"), x.Reply.Get("X-RateLimit-Remaining"), err)
	}
	// Output:
	// "1/minute";q=1;w=60 0 <nil>
	// "1/minute";q=1;w=60 0 429 rate_limited
}

func ExampleFixed() {
	cluster := ratelimit.Fixed("cluster", ratelimit.NewMemory(ratelimit.MemoryConfig{}))
	fmt.Println(cluster.KindName())
	// Output: cluster
}

func ExamplePolicy() {
	p := ratelimit.Policy(ratelimit.Config{
		Per: "address", Rate: registry.Rate{Count: 20, Per: 10 * time.Second},
		Store: &registry.Policy{Kind: "cluster"},
	})
	fmt.Println(p.As("addresses"), string(p.Config))
	// Output: rate_limit:addresses {"per":"address","rate":"20/10s","store":{"cluster":{}}}
}

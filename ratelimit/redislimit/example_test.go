package redislimit_test

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
)

func ExampleNew() {
	redis, err := miniredis.Run()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Close()
	client, err := redislimit.Dial("redis://" + redis.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	// Two instances of a gateway.
	instances := []*redislimit.Limiter{
		redislimit.New(client, redislimit.Timeout(time.Second)),
		redislimit.New(client, redislimit.Timeout(time.Second)),
	}
	asks := []ratelimit.Ask{{Key: "acme", Rate: ratelimit.Rate{Limit: 2, Per: time.Hour}, N: 1}}
	results := make([]ratelimit.Result, 1)
	for i := range 3 {
		if err := instances[i%2].Take(context.Background(), asks, results); err != nil {
			fmt.Println(err)
		}
		fmt.Println(results[0].Allowed, results[0].Remaining)
	}
	// Output:
	// true 1
	// true 0
	// false 0
}

func ExampleOpen() {
	limiter, err := redislimit.Open("redis://localhost:1")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = limiter.Close() }()
	asks := []ratelimit.Ask{{Key: "acme", Rate: ratelimit.Rate{Limit: 2, Per: time.Hour}, N: 1}}
	err = limiter.Take(context.Background(), asks, make([]ratelimit.Result, 1))
	fmt.Println(err)
	fmt.Println(limiter.Degraded())
	// Output:
	// redislimit: redis does not answer
	// true
}

func ExampleDial() {
	_, err := redislimit.Dial("redis://:secret@localhost:port")
	fmt.Println(err)
	// Output: redislimit: want a URL such as redis://user:password@host:6379/0
}

func ExampleKind() {
	kinds, err := pipeline.NewKinds(ratelimit.Kind(), ratelimit.MemoryKind(), redislimit.Kind(nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, k := range kinds.All() {
		fmt.Println(k.KindName())
	}
	// Output:
	// rate_limit
	// memory
	// redis
}

func ExampleKindFromURL() {
	fmt.Println(redislimit.KindFromURL("rediss://redis.internal").KindName())
	// Output: redis
}

func ExampleStore() {
	p := ratelimit.Policy(ratelimit.Config{Store: redislimit.Store(redislimit.Config{}), OnError: "local"})
	fmt.Println(string(p.Config))
	// Output: {"on_error":"local","store":{"redis":{}}}
}

func ExampleWatch() {
	watch := &redislimit.Watch{}
	kind := redislimit.KindFromURL("redis://localhost:6379", watch)
	fmt.Println(kind.KindName(), watch.Stats().Degraded)
	// Output: redis false
}

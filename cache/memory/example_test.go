package memory_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/cache/memory"
	"github.com/seed-f9645bd3/gateway/registry"
)

func ExampleNew() {
	ctx := context.Background()
	store := memory.New(memory.Config{Size: 16 * registry.MiB})
	now := time.Now()
	entry := &cache.Entry{Status: 200, Body: []byte("hello"), Stored: now, Expires: now.Add(time.Minute), Tags: []string{"greetings"}}
	if err := store.Set(ctx, "key", entry); err != nil {
		fmt.Println(err)
	}
	found, err := store.Get(ctx, "key")
	fmt.Println(string(found.Body), err)
	_ = store.Purge(ctx, "greetings")
	_, err = store.Get(ctx, "key")
	fmt.Println(errors.Is(err, cache.ErrMiss))
	// Output:
	// hello <nil>
	// true
}

func ExamplePolicy() {
	p := cache.Policy(cache.Config{Store: storeOf(memory.Config{Size: 256 * registry.MiB})})
	fmt.Println(string(p.Config))
	// Output: {"store":{"memory":{"size":"256MiB"}}}
}

func storeOf(c memory.Config) *registry.Policy {
	p := memory.Policy(c)
	return &p
}

func ExampleKind() {
	fmt.Println(memory.Kind().KindName())
	// Output: memory
}

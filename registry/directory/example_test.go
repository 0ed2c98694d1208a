package directory_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/directory"
)

func ExampleNew() {
	d := directory.New()
	gold := func(count int64) registry.Change {
		return registry.Change{Plan: &registry.Plan{
			Name: "gold", Limits: []registry.Limit{{Rate: registry.Rate{Count: count, Per: time.Second}}},
		}}
	}
	acme := registry.Change{Subscription: &registry.Subscription{
		ID: "sub-1", Consumer: "acme", API: "users/v2", Environment: "production",
		Plan: &registry.Plan{Name: "gold"}, Active: true,
	}}
	if err := d.Apply([]registry.Change{gold(100), acme}); err != nil {
		fmt.Println(err)
		return
	}
	ask := func() {
		s, err := d.Subscription(context.Background(), "acme", "users/v2", "production")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s.ID, s.Plan.Name, s.Plan.Limits[0].Rate)
	}
	ask()
	if err := d.Apply([]registry.Change{gold(500)}); err != nil {
		fmt.Println(err)
		return
	}
	ask()
	_, err := d.Subscription(context.Background(), "acme", "users/v2", "staging")
	fmt.Println(errors.Is(err, registry.ErrUnknown))
	// Output:
	// sub-1 gold 100/s
	// sub-1 gold 500/s
	// true
}

func ExampleMemory_Apply() {
	var d directory.Memory
	err := d.Apply([]registry.Change{
		{Plan: &registry.Plan{Name: "gold"}},
		{Subscription: &registry.Subscription{
			ID: "sub-1", Consumer: "acme", API: "users/v2", Environment: "production",
			Plan: &registry.Plan{Name: "golden"},
		}},
	})
	fmt.Println(err)
	fmt.Println(d.Len())
	// Output:
	// field /1/subscription/plan: subscription "sub-1": unknown plan "golden"; did you mean "gold"?
	// {0 0 0}
}

func ExampleMemory_All() {
	var d, restored directory.Memory
	err := d.Apply([]registry.Change{
		{Credential: &registry.Credential{ID: "k1", Consumer: "acme"}, Sum: [32]byte{1}},
		{Plan: &registry.Plan{Name: "gold"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(restored.Apply(d.All()), restored.Len())
	// Output:
	// <nil> {1 0 1}
}

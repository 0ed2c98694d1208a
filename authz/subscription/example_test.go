package subscription_test

import (
	"context"
	"fmt"

	"github.com/seed-f9645bd3/gateway/authz/subscription"
)

func ExampleNew() {
	a, err := subscription.New(directory{is: subscribed(nil)}, subscription.Config{API: "orders/v1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := exchange() // of consumer acme
	answer, err := a.Authorize(context.Background(), x)
	fmt.Println(answer.Allow, answer.Grant.Scopes, x.Subscription.ID, err)
	// Output: true [read write] sub-1 <nil>
}

func ExamplePolicy() {
	p := subscription.Policy(subscription.Config{API: "orders/v1", Hide: true})
	fmt.Println(p, string(p.Config))
	// Output: subscription {"api":"orders/v1","hide":true}
}

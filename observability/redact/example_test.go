package redact_test

import (
	"fmt"

	"github.com/seed-f9645bd3/gateway/observability/redact"
)

func ExampleNew() {
	rules := redact.New("badge_number")
	fmt.Println(rules.Text("dial redis://app:hunter2@cache:6379: password rejected", 1024))
	fmt.Println(string(rules.AppendQuery(nil, "q=shoes&api_key=gw_live_0123456789&badge_number=7", 1024)))
	// Output:
	// dial redis://***@cache:6379: password rejected
	// q=shoes&api_key=***&badge_number=***
}

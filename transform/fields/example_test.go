package fields_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform"
	"github.com/seed-f9645bd3/gateway/transform/fields"
)

func ExampleNew() {
	selector, err := fields.New("select", fields.Config{By: "grant"})
	if err != nil {
		fmt.Println(err)
		return
	}
	backend := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, 200, "application/json", []byte(`[{"id":1,"name":"Ada","salary":9},{"id":2,"name":"Bob"}]`)), nil
	}
	serve := pipeline.Chain(backend, transform.Stage("select", pipeline.Transform, selector))

	for _, grant := range []*pipeline.Grant{nil, {Fields: []string{"id"}}, {Fields: []string{"id", "name"}}} {
		x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil), Grant: grant}
		resp, err := serve(context.Background(), x)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		fmt.Println(string(body))
	}
	// Output:
	// []
	// [{"id":1},{"id":2}]
	// [{"id":1,"name":"Ada"},{"id":2,"name":"Bob"}]
}

func ExamplePolicy() {
	p := fields.Policy(fields.Config{Fields: []string{"id", "items[].email"}})
	fmt.Println(p.Kind, string(p.Config))
	// Output: select {"fields":["id","items[].email"]}
}

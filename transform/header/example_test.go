package header_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform"
	"github.com/seed-f9645bd3/gateway/transform/header"
)

func ExampleNew() {
	editor, err := header.New(header.Config{
		Request: header.Edits{
			Set:    map[string]string{"X-Consumer": "{identity.consumer}", "X-Plan": "{subscription.plan}"},
			Rename: map[string]string{"X-Old": "X-New"},
		},
		Response: header.Edits{Remove: []string{"X-Debug"}},
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	backend := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		fmt.Printf("%s, %q, %s\n", x.Get("X-Consumer"), x.Get("X-Plan"), x.Get("X-New"))
		resp := pipeline.Respond(x, 200, "text/plain", []byte("hello"))
		resp.Header.Set("X-Debug", "stack")
		return resp, nil
	}
	serve := pipeline.Chain(backend, transform.Stage("headers", pipeline.Transform, editor))

	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil), Identity: &pipeline.Identity{Consumer: "acme"}}
	x.In.Header.Set("X-Plan", "forged")
	x.In.Header.Set("X-Old", "1")
	resp, err := serve(context.Background(), x)
	fmt.Println(resp.Header, err)
	// Output:
	// acme, "", 1
	// map[Content-Type:[text/plain]] <nil>
}

func ExamplePolicy() {
	p := header.Policy(header.Config{Request: header.Edits{Set: map[string]string{"X-User": "{identity.subjet}"}}})
	fmt.Println(string(p.Config))
	fmt.Println(registry.Decode(p.Config, new(header.Config)))
	// Output:
	// {"request":{"set":{"X-User":"{identity.subjet}"}}}
	// field /request/set/X-User: unknown variable "identity.subjet"; did you mean "identity.subject"?
}

package mask_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform"
	"github.com/seed-f9645bd3/gateway/transform/mask"
)

func ExampleNew() {
	masker, err := mask.New("mask", mask.Config{Fields: []string{"ssn", "card.number"}, KeepLast: 4, UnlessScope: "pii.read"})
	if err != nil {
		fmt.Println(err)
		return
	}
	backend := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, 200, "application/json", []byte(`{"ssn":"123-45-6789","card":{"number":4111111111111111}}`)), nil
	}
	serve := pipeline.Chain(backend, transform.Stage("mask", pipeline.Transform, masker))

	for _, scopes := range [][]string{{"users.read"}, {"users.read", "pii.read"}} {
		x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil), Grant: &pipeline.Grant{Scopes: scopes}}
		resp, err := serve(context.Background(), x)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		fmt.Println(string(body), x.Decisions()[0].Code)
	}
	// Output:
	// {"ssn":"***6789","card":{"number":"***1111"}} masked
	// {"ssn":"123-45-6789","card":{"number":4111111111111111}} mask_lifted
}

func ExamplePolicy() {
	p := mask.Policy(mask.Config{Fields: []string{"ssn"}, With: "remove"})
	fmt.Println(p.Kind, string(p.Config))
	// Output: mask {"fields":["ssn"],"with":"remove"}
}

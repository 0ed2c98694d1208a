package problem_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform"
	"github.com/seed-f9645bd3/gateway/transform/problem"
)

func ExampleNew() {
	backend := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, 409, "application/json", []byte(`{"error":{"message":"The name is taken.","trace":"db7:5432"}}`)), nil
	}
	for _, c := range []problem.Config{{}, {Detail: "error.message"}} {
		translator, err := problem.New("problems", c)
		if err != nil {
			fmt.Println(err)
			return
		}
		serve := pipeline.Chain(backend, transform.Stage("problems", pipeline.Sanitize, translator))
		_, err = serve(context.Background(), &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)})
		if p, ok := errors.AsType[*pipeline.Problem](err); ok {
			fmt.Println(p.Status, p.Code, p.Detail)
		}
	}
	// Output:
	// 409 backend_refused The service refused the request.
	// 409 backend_refused The name is taken.
}

func ExamplePolicy() {
	p := problem.Policy(problem.Config{Statuses: []problem.Status{"404", "5xx"}, Keep: []string{}})
	fmt.Println(p.Kind, string(p.Config))
	// Output: problems {"keep":[],"statuses":["404","5xx"]}
}

package correlation_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform"
	"github.com/seed-f9645bd3/gateway/transform/correlation"
)

func ExampleNew() {
	correlator, err := correlation.New(correlation.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	backend := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		fmt.Println("backend:", x.Get("X-Request-Id"))
		return nil, pipeline.Refuse(404, "user_unknown", "")
	}
	serve := pipeline.Chain(backend, transform.Stage("correlation_id", pipeline.Observe, correlator))

	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	x.In.Header.Set("X-Request-Id", "order-4711")
	_, err = serve(context.Background(), x)
	fmt.Println("client: ", x.Reply.Get("X-Request-Id"), err)
	// Output:
	// backend: order-4711
	// client:  order-4711 404 user_unknown
}

func ExamplePolicy() {
	fmt.Println(string(correlation.Policy(correlation.Config{Accept: "never"}).Config))
	// Output: {"accept":"never"}
}

func ExampleRandom() {
	correlator, err := correlation.New(correlation.Config{}, correlation.Random(zeros{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	err = correlator.Request(x)
	fmt.Println(x.ID[14:], err)
	// Output: 7000-8000-000000000000 <nil>
}

// zeros is a reader of zeros.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

package transform_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform"
)

// A greeter tells the backend who we are, and the client who it was.
type greeter struct{}

func (greeter) Request(x *pipeline.Exchange) error {
	x.Set("X-Gateway", "edge-1")
	return nil
}

func (greeter) Response(_ *pipeline.Exchange, resp *http.Response) error {
	resp.Header.Set("X-Served-By", "edge-1")
	return nil
}

func ExampleStage() {
	backend := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		fmt.Println("backend is told:", x.Get("X-Gateway"))
		return pipeline.Respond(x, 200, "text/plain", []byte("hello")), nil
	}
	serve := pipeline.Chain(backend, transform.Stage("greet", pipeline.Transform, greeter{}))

	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	resp, err := serve(context.Background(), x)
	fmt.Println("client is told:", resp.Header.Get("X-Served-By"), err)
	// Output:
	// backend is told: edge-1
	// client is told: edge-1 <nil>
}

func ExampleLimitBody() {
	backend := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, 204, "", nil), nil
	}
	serve := pipeline.Chain(backend, transform.LimitBody("body", 4*registry.Byte))

	x := &pipeline.Exchange{In: httptest.NewRequest("POST", "/", strings.NewReader("hello"))}
	_, err := serve(context.Background(), x)
	fmt.Println(err)
	// Output: 413 body_too_large
}

func ExampleBufferBody() {
	backend := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		fmt.Println("can be sent again:", x.Replayable(0))
		return pipeline.Respond(x, 204, "", nil), nil
	}
	serve := pipeline.Chain(backend, transform.BufferBody("buffer", registry.MiB))

	x := &pipeline.Exchange{In: httptest.NewRequest("POST", "/", strings.NewReader("hello"))}
	_, err := serve(context.Background(), x)
	fmt.Println(err)
	// Output:
	// can be sent again: true
	// <nil>
}

func ExampleBodyPolicy() {
	fmt.Println(string(transform.BodyPolicy(transform.BodyConfig{Max: registry.MiB, Buffer: true}).Config))
	// Output: {"buffer":true,"max":"1MiB"}
}

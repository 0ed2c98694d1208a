package tracing_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/observability/tracing"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

func ExampleNew() {
	tracer, err := tracing.New(tracing.Config{Reply: "X-Trace-Id"}, tracing.Random(func() uint64 { return 0xfeed }))
	if err != nil {
		fmt.Println(err)
		return
	}
	backend := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		fmt.Println(x.Get("Traceparent"))
		return pipeline.Respond(x, 204, "", nil), nil
	}
	serve := pipeline.Chain(backend, tracer.Stage(), tracer.Attempt())

	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	x.In.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	_, err = serve(context.Background(), x)
	fmt.Println(x.TraceID, x.Reply.Get("X-Trace-Id") == x.TraceID, err)
	// Output:
	// 00-4bf92f3577b34da6a3ce929d0e0e4736-000000000000feed-01
	// 4bf92f3577b34da6a3ce929d0e0e4736 true <nil>
}

// A caller that speaks B3 reaches a backend that speaks B3 and one that speaks
// Trace Context alike.
func ExampleConfig() {
	tracer, err := tracing.New(tracing.Config{Read: []string{"w3c", "b3"}, Send: []string{"w3c", "b3", "jaeger"}},
		tracing.Random(func() uint64 { return 0xfeed }))
	if err != nil {
		fmt.Println(err)
		return
	}
	backend := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		fmt.Println(x.Get("traceparent"))
		fmt.Println(x.Get("b3"))
		fmt.Println(x.Get("uber-trace-id"))
		return pipeline.Respond(x, 204, "", nil), nil
	}
	serve := pipeline.Chain(backend, tracer.Stage(), tracer.Attempt())

	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	x.In.Header.Set("b3", "64fe8b2a57d3eff7-05e3ac9a4f6e3b90-1")
	_, err = serve(context.Background(), x)
	fmt.Println(x.TraceID, err)
	// Output:
	// 00-000000000000000064fe8b2a57d3eff7-000000000000feed-01
	// 000000000000000064fe8b2a57d3eff7-000000000000feed-1
	// 000000000000000064fe8b2a57d3eff7:000000000000feed:0:1
	// 000000000000000064fe8b2a57d3eff7 <nil>
}

func ExamplePolicy() {
	p := tracing.Policy(tracing.Config{Accept: "never"})
	fmt.Println(p.Kind, string(p.Config))
	// Output: trace {"accept":"never"}
}

func ExampleProvider() {
	provider := new(recording) // of an SDK in a program
	tracer, err := tracing.New(tracing.Config{}, tracing.Provider(provider))
	if err != nil {
		fmt.Println(err)
		return
	}
	serve := pipeline.Chain(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, 204, "", nil), nil
	}, tracer.Stage())

	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/users/7", nil)}
	_, err = serve(context.Background(), x)
	_ = x.Finish(&pipeline.Summary{Status: 204}) // the edge does this
	for _, s := range provider.all() {
		fmt.Println(s.name, s.attributes["url.path"], s.attributes["http.response.status_code"], err)
	}
	// Output: GET /users/7 204 <nil>
}

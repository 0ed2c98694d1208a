package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

func ExampleNewRetry() {
	tries := 0
	flaky := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		if tries++; tries == 1 {
			return nil, &pipeline.UpstreamError{Kind: pipeline.UpstreamConnect, Err: errors.New("connection refused")}
		}
		return pipeline.Respond(x, 200, "text/plain", []byte("ok")), nil
	}
	stages, err := resilience.NewRetry(resilience.RetryConfig{Attempts: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	resp, err := pipeline.Chain(flaky, stages...)(context.Background(), x)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.StatusCode, "after", tries, "tries")
	for _, d := range x.Decisions() {
		fmt.Println(d.Verdict, d.Code, d.Rule)
	}
	// Output:
	// 200 after 2 tries
	// warn retried connect
	// pass retry_succeeded
}

func ExampleNewTimeout() {
	stages, err := resilience.NewTimeout(resilience.TimeoutConfig{
		Total:  registry.Duration(2 * time.Second),
		PerTry: registry.Duration(800 * time.Millisecond),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range stages {
		fmt.Println(s.Name, s.Phase)
	}
	// Output:
	// timeout deadline
	// timeout_try protect
}

func ExampleRetryPolicy() {
	p := resilience.RetryPolicy(resilience.RetryConfig{Attempts: 3, Budget: 0.1})
	fmt.Println(p, string(p.Config))
	// Output: retry {"attempts":3,"budget":0.1}
}

func ExampleTimeoutPolicy() {
	p := resilience.TimeoutPolicy(resilience.TimeoutConfig{Total: registry.Duration(2 * time.Second)})
	fmt.Println(p, string(p.Config))
	// Output: timeout {"total":"2s"}
}

func ExampleNewBreaker() {
	breaker, err := resilience.NewBreaker("upstream users", resilience.BreakerConfig{
		ConsecutiveFailures: 2, OpenFor: registry.Duration(10 * time.Second),
	}, resilience.WithTransitions(func(t resilience.BreakerTransition) {
		fmt.Println(t.Breaker, t.From, "to", t.To)
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	down := func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		return nil, &pipeline.UpstreamError{Kind: pipeline.UpstreamConnect, Err: errors.New("connection refused")}
	}
	serve := pipeline.Chain(down, breaker.Stage("breaker"))
	for range 3 {
		x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
		_, err := serve(context.Background(), x)
		fmt.Println(err)
	}
	fmt.Println(breaker.State(), breaker.Counts().Refused)
	// Output:
	// connect: connection refused
	// upstream users closed to open
	// connect: connection refused
	// 503 breaker_open: breaker_open: upstream users
	// open 1
}

func ExampleBreakers() {
	var breakers resilience.Breakers
	_ = resilience.BreakerKind(resilience.WithBreakers(&breakers)) // for the gateway
	if _, err := resilience.NewBreaker("upstream users", resilience.BreakerConfig{}, resilience.WithBreakers(&breakers)); err != nil {
		fmt.Println(err)
	}
	for _, b := range breakers.All() {
		fmt.Println(b.Name(), b.State(), b.Counts().Opened)
	}
	// Output: upstream users closed 0
}

func ExampleNewBulkhead() {
	bulkhead, err := resilience.NewBulkhead("api users", resilience.BulkheadConfig{MaxConcurrent: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	ok := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, 200, "", nil), nil
	}
	serve := pipeline.Chain(ok, bulkhead.Stage("bulkhead"))
	first := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	_, err = serve(context.Background(), first)
	fmt.Println(bulkhead.InFlight(), err)
	_, err = serve(context.Background(), &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)})
	fmt.Println(bulkhead.InFlight(), err)
	err = first.Finish(&pipeline.Summary{}) // the edge does, when the client has it all
	fmt.Println(bulkhead.InFlight(), err)
	// Output:
	// 1 <nil>
	// 1 503 bulkhead_full: overloaded: api users
	// 0 <nil>
}

func ExampleNewFallback() {
	stage, err := resilience.NewFallback("fallback", resilience.FallbackConfig{
		On:      resilience.FallbackOn{Statuses: []int{503}},
		Respond: resilience.FallbackAnswer{Body: `{"items":[]}`},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	down := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, 503, "", nil), nil
	}
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	resp, err := pipeline.Chain(down, stage)(context.Background(), x)
	fmt.Println(resp.StatusCode, resp.Header.Get("Content-Type"), err)
	fmt.Println(x.Decisions()[0].Code, x.Decisions()[0].Rule)
	// Output:
	// 200 application/json <nil>
	// fallback_served status
}

func ExampleBreakerPolicy() {
	p := resilience.BreakerPolicy(resilience.BreakerConfig{
		ErrorRatio: 0.5, Slow: resilience.Slow{Over: registry.Duration(time.Second)},
	})
	fmt.Println(p, string(p.Config))
	// Output: breaker {"error_ratio":0.5,"slow":{"over":"1s"}}
}

func ExampleBulkheadPolicy() {
	p := resilience.BulkheadPolicy(resilience.BulkheadConfig{MaxConcurrent: 100, MaxWaiting: 20})
	fmt.Println(p, string(p.Config))
	// Output: bulkhead {"max_concurrent":100,"max_waiting":20}
}

func ExampleFallbackPolicy() {
	p := resilience.FallbackPolicy(resilience.FallbackConfig{Respond: resilience.FallbackAnswer{Status: 204}})
	fmt.Println(p, string(p.Config))
	// Output: fallback {"respond":{"status":204}}
}

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

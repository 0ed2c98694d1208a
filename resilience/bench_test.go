package resilience_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

// always answers with one response that is made before. Where it has a body,
// each exchange is given it anew, since a stage may have put its own around.
func always(x *pipeline.Exchange, body io.ReadCloser) pipeline.Handler {
	resp := pipeline.Respond(x, 200, "", nil)
	return func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		resp.Body = body
		return resp, nil
	}
}

// protection is breaker, retry and timeout.
func protection(b testing.TB, c resilience.BreakerConfig) []pipeline.Stage {
	breaker, err := resilience.NewBreaker("users", c)
	require.NoError(b, err)
	retry, err := resilience.NewRetry(resilience.RetryConfig{})
	require.NoError(b, err)
	timeout, err := resilience.NewTimeout(resilience.TimeoutConfig{
		Total: registry.Duration(2 * time.Second), PerTry: registry.Duration(time.Second),
	})
	require.NoError(b, err)
	stages := append(append(timeout, retry...), breaker.Stage("breaker"))
	pipeline.Sort(stages)
	return stages
}

func BenchmarkAroundACallThatSucceeds(b *testing.B) {
	body := io.NopCloser(http.NoBody)
	for _, bench := range []struct {
		name   string
		config resilience.BreakerConfig
		body   io.ReadCloser
	}{
		{"ratio", resilience.BreakerConfig{}, http.NoBody},
		{"consecutive", resilience.BreakerConfig{ConsecutiveFailures: 5}, http.NoBody},
		{"slow", resilience.BreakerConfig{Slow: resilience.Slow{Over: registry.Duration(time.Second)}}, http.NoBody},
		{"ratio with a body", resilience.BreakerConfig{}, body},
	} {
		b.Run(bench.name, func(b *testing.B) {
			x := request("GET", "")
			x.Start = time.Now()
			run(b, x, always(x, bench.body), protection(b, bench.config))
		})
	}
}

func run(b *testing.B, x *pipeline.Exchange, last pipeline.Handler, stages []pipeline.Stage) {
	serve := pipeline.Chain(last, stages...)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = serve(ctx, x)
	}
}

func BenchmarkBreakerThatIsClosed(b *testing.B) {
	breaker, err := resilience.NewBreaker("users", resilience.BreakerConfig{})
	require.NoError(b, err)
	x := request("GET", "")
	run(b, x, always(x, http.NoBody), []pipeline.Stage{breaker.Stage("breaker")})
}

func BenchmarkBreakerOfManyAtOnce(b *testing.B) {
	breaker, err := resilience.NewBreaker("users", resilience.BreakerConfig{})
	require.NoError(b, err)
	stage := breaker.Stage("breaker")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		x := request("GET", "")
		serve := pipeline.Chain(always(x, http.NoBody), stage)
		ctx := context.Background()
		for pb.Next() {
			_, _ = serve(ctx, x)
		}
	})
}

func BenchmarkBreakerThatIsOpen(b *testing.B) {
	breaker, err := resilience.NewBreaker("users", resilience.BreakerConfig{
		ConsecutiveFailures: 1, OpenFor: registry.Duration(time.Hour),
	})
	require.NoError(b, err)
	serve := pipeline.Chain(failing(errDial), breaker.Stage("breaker"))
	x := request("GET", "")
	b.ReportAllocs()
	for b.Loop() {
		*x = pipeline.Exchange{In: x.In}
		_, _ = serve(b.Context(), x)
	}
}

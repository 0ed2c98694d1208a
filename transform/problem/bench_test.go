package problem_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform/problem"
)

// BenchmarkProblems measures an exchange whose answer is passed on, becomes a
// problem, and becomes one with a detail of the body; what the exchange costs
// without the stage is measured beside it.
func BenchmarkProblems(b *testing.B) {
	said := []byte(`{"error":{"message":"The name is taken.","trace":"somewhere"}}`)
	for _, c := range []struct {
		name   string
		status int
		stages []pipeline.Stage
	}{
		{"without", 200, nil},
		{"passed on", 200, []pipeline.Stage{stage(b, problem.Config{})}},
		{"without, error", 404, nil},
		{"neutral", 404, []pipeline.Stage{stage(b, problem.Config{})}},
		{"detail", 404, []pipeline.Stage{stage(b, problem.Config{Detail: "error.message"})}},
	} {
		b.Run(c.name, func(b *testing.B) {
			in := gatewaytest.NewExchange("GET", "/").In
			h := pipeline.Chain(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
				return pipeline.Respond(x, c.status, "application/json", said), nil
			}, c.stages...)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = h(b.Context(), &pipeline.Exchange{In: in})
			}
		})
	}
}

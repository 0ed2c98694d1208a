package tracing_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/observability/tracing"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// stage is one that does what f does and goes on.
func stage(name string, phase pipeline.Phase, f func(x *pipeline.Exchange) error) pipeline.Stage {
	return pipeline.Stage{Name: name, Phase: phase, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			if err := f(x); err != nil {
				return nil, err
			}
			return next(ctx, x)
		}
	}}
}

func idle(*pipeline.Exchange) error { return nil }

// perStage runs a chain whose stages are spans.
func perStage(t testing.TB, p *recording, stages []pipeline.Stage, next pipeline.Handler) gatewaytest.Result {
	t.Helper()
	all := append(build(t, tracing.Config{Stages: "spans"}, tracing.Provider(p)), stages...)
	return gatewaytest.RunChain(t, all, thing(), gatewaytest.Next(next))
}

// tree returns the names of the spans, each behind that of its parent.
func tree(p *recording) (names []string) {
	byID := map[trace.SpanID]string{}
	for _, s := range p.all() {
		name := s.name
		if parent, ok := byID[s.parent.SpanID()]; ok {
			name = parent + " > " + name
		}
		byID[s.context.SpanID()] = name
		names = append(names, name)
	}
	return names
}

func TestEachStageIsASpanWithinTheOneAroundIt(t *testing.T) {
	t.Parallel()
	p, sent := new(recording), []string(nil)
	lost := &pipeline.UpstreamError{Kind: pipeline.UpstreamReset, Err: errors.New("lost")}
	r := perStage(t, p, []pipeline.Stage{
		stage("scopes", pipeline.Authorize, idle), twice(&sent), stage("breaker", pipeline.Protect, idle),
	}, attempts(lost, 200))
	require.Equal(t, 200, r.Status)
	require.Equal(t, []string{
		"GET /things/{id}",
		"GET /things/{id} > scopes",
		"GET /things/{id} > scopes > retry",
		"GET /things/{id} > scopes > retry > breaker",
		"GET /things/{id} > scopes > retry > breaker > GET",
		"GET /things/{id} > scopes > retry > breaker",
		"GET /things/{id} > scopes > retry > breaker > GET",
	}, tree(p), "each attempt is within the stage that sent it")
	for _, s := range p.all() {
		require.Equal(t, 1, s.ended, s.name)
	}
	require.Equal(t, p.all()[6].context.SpanID().String(), sent[1][36:52], "the backend gets the id of its attempt")
}

func TestTheSpanOfAStageHoldsItsDecision(t *testing.T) {
	t.Parallel()
	p := new(recording)
	r := perStage(t, p, []pipeline.Stage{
		stage("allow_ips", pipeline.Authorize, func(x *pipeline.Exchange) error {
			x.Decide(pipeline.Decision{Stage: "allow_ips", Rule: "10.0.0.0/8", Verdict: pipeline.Pass})
			return nil
		}),
		stage("cors", pipeline.Observe, idle),
		stage("rate_limit", pipeline.Limit, func(*pipeline.Exchange) error {
			return pipeline.Refuse(http.StatusTooManyRequests, "rate_limited", "")
		}),
	}, attempts(200))
	require.Equal(t, http.StatusTooManyRequests, r.Status)
	byName := map[string]*span{}
	for _, s := range p.all() {
		byName[s.name] = s
	}
	require.Equal(t, map[string]any{"gateway.stage": "cors"}, byName["cors"].attributes, "it has decided nothing")
	require.Equal(t, map[string]any{"gateway.stage": "allow_ips", "gateway.verdict": "pass", "gateway.rule": "10.0.0.0/8"}, byName["allow_ips"].attributes)
	require.Equal(t, map[string]any{"gateway.stage": "rate_limit", "gateway.verdict": "deny", "gateway.code": "rate_limited"},
		byName["rate_limit"].attributes, "a refusal that the chain recorded")
	require.NotContains(t, byName["GET /things/{id}"].attributes, "gateway.spent_us.cors", "spans tell it")
	require.Len(t, byName["GET /things/{id}"].events, 2, "decisions stay events of the exchange")
}

func TestTheSpanOfAStageLastsAsLongAsTheStage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := new(recording)
		began := time.Now()
		perStage(t, p, []pipeline.Stage{slow("outer", pipeline.Guard), slow("inner", pipeline.Limit)}, attempts(200))
		const in, out = 123_456, 77_777 // of each
		outer, inner, attempt := p.all()[1], p.all()[2], p.all()[3]
		for _, want := range []struct {
			span       *span
			name       string
			begun, end time.Duration
		}{{outer, "outer", 0, 2*in + 2*out}, {inner, "inner", in, 2*in + out}, {attempt, "GET", 2 * in, 2 * in}} {
			require.Equal(t, want.name, want.span.name)
			require.Equal(t, want.begun, want.span.begun.Sub(began), want.name)
			require.Equal(t, want.end, want.span.over.Sub(began), want.name)
		}
	})
}

func TestTheSpanOfAStageThatPanicsEnds(t *testing.T) {
	t.Parallel()
	p := new(recording)
	r := perStage(t, p, []pipeline.Stage{
		stage("outer", pipeline.Guard, idle), stage("inner", pipeline.Limit, func(*pipeline.Exchange) error { panic("no") }),
	}, attempts(200))
	require.Equal(t, 500, r.Status)
	require.Len(t, p.all(), 3)
	for _, s := range p.all() {
		require.Equal(t, 1, s.ended, s.name)
		require.Equal(t, codes.Error, s.status, s.name)
	}
}

func TestTheSpansOfStagesAreBounded(t *testing.T) {
	t.Parallel()
	p := new(recording)
	again := pipeline.Stage{Name: "again", Phase: pipeline.Retry, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (resp *http.Response, err error) {
			for range 200 {
				resp, err = next(ctx, x)
			}
			return resp, err
		}
	}}
	perStage(t, p, []pipeline.Stage{again, stage("inner", pipeline.Protect, idle)}, attempts(200))
	inner := 0
	for _, s := range p.all() {
		if s.name == "inner" {
			inner++
		}
	}
	require.Equal(t, 127, inner, "and the one of again")
}

func TestStagesAreNoSpansUnasked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config tracing.Config
		opts   func(p *recording) []tracing.Option
		want   int
	}{
		"by default":                      {tracing.Config{}, func(p *recording) []tracing.Option { return []tracing.Option{tracing.Provider(p)} }, 2},
		"where the trace is not sampled":  {tracing.Config{Stages: "spans"}, func(p *recording) []tracing.Option { p.idle = true; return []tracing.Option{tracing.Provider(p)} }, 0},
		"where there is nobody to record": {tracing.Config{Stages: "spans"}, func(*recording) []tracing.Option { return nil }, 0},
		"where attributes are wanted":     {tracing.Config{Stages: "attributes"}, func(p *recording) []tracing.Option { return []tracing.Option{tracing.Provider(p)} }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := new(recording)
			all := append(build(t, test.config, test.opts(p)...), stage("scopes", pipeline.Authorize, idle))
			gatewaytest.RunChain(t, all, thing(), gatewaytest.Next(attempts(200)))
			require.Len(t, p.all(), test.want)
		})
	}
	require.ErrorContains(t, tracing.Config{Stages: "all"}.Validate(), "/stages")
}

package tracing_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/observability/tracing"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func route() *registry.Route {
	return &registry.Route{Name: "get-thing", API: "things/v1", Match: registry.Match{Path: "/things/{id}"}, Upstream: "things"}
}

func build(t testing.TB, c tracing.Config, opts ...tracing.Option) []pipeline.Stage {
	t.Helper()
	return gatewaytest.BuildPolicy(t, tracing.Kind(opts...), tracing.Policy(c), gatewaytest.Route(route()))
}

func thing(fields ...string) *pipeline.Exchange {
	x := gatewaytest.NewExchange("GET", "/things/7?api_key=canary", gatewaytest.Host("api.example.com:8443"),
		gatewaytest.Client("192.0.2.7"), gatewaytest.Header("User-Agent", "probe/1"), gatewaytest.Route(route()))
	for i := 0; i < len(fields); i += 2 {
		x.In.Header.Set(fields[i], fields[i+1])
	}
	return x
}

// attempts answers as the list says, one after the other, and records each as
// an upstream does.
func attempts(list ...any) pipeline.Handler {
	n := 0
	return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		answer := list[min(n, len(list)-1)]
		n++
		a := pipeline.Attempt{Endpoint: "http://user:canary@10.0.0.1:9001"}
		if err, ok := answer.(error); ok {
			a.Err = err
			x.Tried(a)
			return nil, err
		}
		a.Status = answer.(int)
		x.Tried(a)
		return pipeline.Respond(x, a.Status, "text/plain", nil), nil
	}
}

// twice sends each exchange a second time where the first failed.
func twice(sent *[]string) pipeline.Stage {
	return pipeline.Stage{Name: "retry", Phase: pipeline.Retry, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			m := x.Mark()
			resp, err := next(ctx, x)
			*sent = append(*sent, x.Get("Traceparent"))
			if err == nil {
				return resp, nil
			}
			x.Restore(m)
			resp, err = next(ctx, x)
			*sent = append(*sent, x.Get("Traceparent"))
			return resp, err
		}
	}}
}

func TestEachAttemptHasAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	lost := &pipeline.UpstreamError{Kind: pipeline.UpstreamReset, Err: errors.New("lost")}
	for name, opts := range map[string][]tracing.Option{
		"without a tracer":                        nil,
		"with a tracer":                           {tracing.Provider(new(recording))},
		"with a tracer that does not sample":      {tracing.Provider(&recording{idle: true})},
		"with a tracer that does nothing":         {tracing.Provider(noop.NewTracerProvider())},
		"with a provider that is nil":             {tracing.Provider(nil)},
		"with ids of a source that gives nothing": {tracing.Random(func() uint64 { return 0 })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, lines := range []string{"", valid, "00-" + traceID + "-" + spanID + "-00"} {
				var sent []string
				x := thing()
				if lines != "" {
					x.In.Header.Set("Traceparent", lines)
				}
				r := gatewaytest.RunChain(t, append(build(t, tracing.Config{}, opts...), twice(&sent)), x, gatewaytest.Next(attempts(lost, 200)))
				require.Equal(t, 200, r.Status)
				require.Len(t, sent, 2)
				for _, s := range sent {
					require.Regexp(t, written, s)
					require.Equal(t, x.TraceID, s[3:35])
					require.NotEqual(t, spanID, s[36:52])
					require.NotEqual(t, strings.Repeat("0", 16), s[36:52])
					if lines != "" {
						require.Equal(t, traceID, s[3:35])
						require.Equal(t, lines[53:], s[53:])
					}
				}
				if !strings.Contains(name, "nothing") || strings.Contains(name, "tracer") {
					require.NotEqual(t, sent[0], sent[1])
				}
			}
		})
	}
}

func TestAnExchangeIsASpanAndSoIsEachAttempt(t *testing.T) {
	t.Parallel()
	p, sent := new(recording), []string(nil)
	x := thing("Traceparent", valid, "Tracestate", "foo=1")
	x.ID, x.Scheme = "id-1", "https"
	x.Identity = &pipeline.Identity{Consumer: "acme"}
	x.Subscription = &registry.Subscription{ID: "sub-1", Plan: &registry.Plan{Name: "gold"}}
	lost := &pipeline.UpstreamError{Kind: pipeline.UpstreamReset, Err: errors.New("lost token=canary")}
	r := gatewaytest.RunChain(t, append(build(t, tracing.Config{}, tracing.Provider(p)), twice(&sent)), x, gatewaytest.Next(attempts(lost, 200)))
	require.Equal(t, 200, r.Status)

	spans := p.all()
	require.Len(t, spans, 3)
	server, first, second := spans[0], spans[1], spans[2]
	require.Equal(t, "GET /things/{id}", server.name)
	require.Equal(t, trace.SpanKindServer, server.kind)
	require.Equal(t, traceID, server.context.TraceID().String())
	require.Equal(t, spanID, server.parent.SpanID().String())
	require.True(t, server.parent.IsRemote())
	require.Equal(t, "foo=1", server.parent.TraceState().String())
	require.Equal(t, x.Start, server.begun)
	require.Equal(t, map[string]any{
		"http.request.method": "GET", "url.scheme": "https", "url.path": "/things/7",
		"server.address": "api.example.com", "server.port": int64(8443), "client.address": "192.0.2.7",
		"network.protocol.version": "1.1", "user_agent.original": "probe/1", "http.route": "/things/{id}",
		"http.response.status_code": int64(200),
		"gateway.route":             "get-thing", "gateway.api": "things/v1", "gateway.environment": x.Environment, "gateway.request_id": "id-1",
		"gateway.consumer": "acme", "gateway.subscription": "sub-1", "gateway.plan": "gold",
	}, server.attributes)
	require.Equal(t, codes.Unset, server.status)

	for i, s := range []*span{first, second} {
		require.Equal(t, "GET", s.name)
		require.Equal(t, trace.SpanKindClient, s.kind)
		require.Equal(t, server.context.SpanID(), s.parent.SpanID())
		require.Equal(t, s.context.SpanID().String(), sent[i][36:52], "the backend's parent is the attempt")
		require.Equal(t, "http://10.0.0.1:9001", s.attributes["gateway.endpoint"])
		require.Equal(t, "10.0.0.1", s.attributes["server.address"])
		require.EqualValues(t, 9001, s.attributes["server.port"])
	}
	require.Equal(t, codes.Error, first.status)
	require.Equal(t, "reset", first.attributes["error.type"])
	require.Equal(t, codes.Unset, second.status)
	require.EqualValues(t, 200, second.attributes["http.response.status_code"])
	require.EqualValues(t, 1, second.attributes["http.request.resend_count"])
	for _, s := range spans {
		require.Equal(t, 1, s.ended, "%s ends once", s.name)
		require.NotContains(t, s.text, "canary")
		for k, v := range s.attributes {
			require.NotContains(t, fmt.Sprint(v), "canary", k)
		}
	}
}

func TestSpansTellHowExchangesFail(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		next   pipeline.Handler
		status int64
		kind   any
		server codes.Code
		client codes.Code
	}{
		{"an answer is no failure", attempts(204), 204, nil, codes.Unset, codes.Unset},
		{"what the caller did wrong is a failure of the call", attempts(404), 404, nil, codes.Unset, codes.Error},
		{"an answer of 5xx is one of both", attempts(503), 503, "503", codes.Error, codes.Error},
		{"a refusal has its code", attempts(pipeline.Refuse(403, "nope", "")), 403, "nope", codes.Unset, codes.Error},
		{"a backend that fails has a kind", attempts(&pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout}), 504, "timeout", codes.Error, codes.Error},
		{"a deadline is a timeout", attempts(context.DeadlineExceeded), 504, "internal", codes.Error, codes.Error},
		{"a caller that went away is no failure of the server", attempts(context.Canceled), 499, "client_gone", codes.Unset, codes.Error},
		{"anything else is internal", attempts(errors.New("broken")), 500, "internal", codes.Error, codes.Error},
		{"a panic ends the spans too", func(context.Context, *pipeline.Exchange) (*http.Response, error) { panic("broken") }, 500, "500", codes.Error, codes.Unset},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := new(recording)
			gatewaytest.RunChain(t, build(t, tracing.Config{}, tracing.Provider(p)), thing(), gatewaytest.Next(test.next))
			spans := p.all()
			require.Len(t, spans, 2)
			require.Equal(t, test.status, spans[0].attributes["http.response.status_code"])
			require.Equal(t, test.kind, spans[0].attributes["error.type"])
			require.Equal(t, test.server, spans[0].status)
			require.Equal(t, test.client, spans[1].status)
			require.Equal(t, []int{1, 1}, []int{spans[0].ended, spans[1].ended})
		})
	}
}

func TestDecisionsAreEvents(t *testing.T) {
	t.Parallel()
	p := new(recording)
	deciding := pipeline.Stage{Name: "limit", Phase: pipeline.Limit, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			x.Decide(pipeline.Decision{Stage: "limit", Verdict: pipeline.Deny, Code: "rate_limited", Rule: "gold", At: time.Second})
			for range 200 {
				x.Decide(pipeline.Decision{Stage: "limit", Verdict: pipeline.Pass})
			}
			return next(ctx, x)
		}
	}}
	x := thing()
	gatewaytest.RunChain(t, append(build(t, tracing.Config{}, tracing.Provider(p)), deciding), x)
	events := p.all()[0].events
	require.Len(t, events, 64, "there is a bound")
	require.Equal(t, event{"gateway.decision", x.Start.Add(time.Second), map[string]any{
		"gateway.stage": "limit", "gateway.verdict": "deny", "gateway.code": "rate_limited", "gateway.rule": "gold",
	}}, events[0])
}

func TestTheTracerDecidesOnSamplingUnlessTheCallerDoes(t *testing.T) {
	t.Parallel()
	unsampled := "00-" + traceID + "-" + spanID + "-00"
	tests := []struct {
		name, sampling, parent string
		idle                   bool
		started                uint64
		recorded               int
		flags                  string
	}{
		{"the tracer samples what begins here", "", "", false, 2, 2, "01"},
		{"the tracer does not sample what begins here", "", "", true, 1, 0, "00"},
		{"the tracer is asked about a sampled trace", "", valid, true, 2, 2, "01"},
		{"the tracer is asked about an unsampled trace", "tracer", unsampled, false, 1, 0, "00"},
		{"the tracer is not asked where the caller has decided", "caller", unsampled, false, 0, 0, "00"},
		{"the tracer is asked where the caller samples", "caller", valid, false, 2, 2, "01"},
		{"the tracer is asked where there is no caller's trace", "caller", "", false, 2, 2, "01"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := &recording{idle: test.idle}
			x := thing()
			if test.parent != "" {
				x.In.Header.Set("Traceparent", test.parent)
			}
			r := gatewaytest.RunChain(t, build(t, tracing.Config{Sampling: test.sampling}, tracing.Provider(p)), x)
			require.Equal(t, test.started, p.ids)
			require.Len(t, p.all(), test.recorded)
			require.Equal(t, test.flags, r.Sent.Header.Get("Traceparent")[53:])
		})
	}
}

func TestATraceOfTheProgramIsTheParent(t *testing.T) {
	t.Parallel()
	p := new(recording)
	ctx, around := p.Tracer("").Start(t.Context(), "program")
	r := gatewaytest.RunChain(t, build(t, tracing.Config{}, tracing.Provider(p)), thing("Traceparent", valid), gatewaytest.Context(ctx))
	require.Equal(t, around.SpanContext().SpanID(), p.all()[1].parent.SpanID())
	require.Contains(t, r.Sent.Header.Get("Traceparent"), around.SpanContext().TraceID().String())
}

func TestTheEdgeBeginsAndTheRouteGoesOn(t *testing.T) {
	t.Parallel()
	p := new(recording)
	edge, err := tracing.New(tracing.Config{}, tracing.Provider(p))
	require.NoError(t, err)
	stages := append([]pipeline.Stage{edge.Stage()}, build(t, tracing.Config{}, tracing.Provider(p))...)
	r := gatewaytest.RunChain(t, stages, thing("Traceparent", valid), gatewaytest.Next(attempts(200)))
	require.Equal(t, 200, r.Status)
	require.Len(t, p.all(), 2, "one for the exchange, one for the attempt")
}

func TestTheEdgeAndRoutesThatAnswerMakeNoAttempts(t *testing.T) {
	t.Parallel()
	require.Len(t, build(t, tracing.Config{}), 2)
	itself := gatewaytest.BuildPolicy(t, tracing.Kind(), tracing.Policy(tracing.Config{}), gatewaytest.Route(&registry.Route{Name: "r"}))
	require.Len(t, itself, 1)
}

func TestTracesOfCallersAreIgnoredWhereToldTo(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]tracing.Option{nil, {tracing.Provider(new(recording))}} {
		got := pass(t, tracing.Config{Accept: "never"}, one(valid), one("foo=1"), opts...)
		require.NotEqual(t, traceID, got.traceID)
		require.Empty(t, got.tracestate)
		require.Empty(t, got.result.Decisions)
	}
}

func TestTheAnswerNamesTheTraceWhereToldTo(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]tracing.Option{nil, {tracing.Provider(new(recording))}} {
		got := pass(t, tracing.Config{Reply: "x-trace-id"}, one(valid), nil, opts...)
		require.Equal(t, traceID, got.result.Header.Get("X-Trace-Id"))
		refused := gatewaytest.RunChain(t, build(t, tracing.Config{Reply: "X-Trace-Id"}, opts...), thing("Traceparent", valid),
			gatewaytest.Next(attempts(pipeline.Refuse(403, "no", ""))))
		require.Equal(t, traceID, refused.Header.Get("X-Trace-Id"))
	}
}

func TestAPolicyThatRemovesTheFieldIsObeyed(t *testing.T) {
	t.Parallel()
	removing := pipeline.Stage{Name: "headers", Phase: pipeline.Transform, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			x.Del("Traceparent")
			return next(ctx, x)
		}
	}}
	for _, opts := range [][]tracing.Option{nil, {tracing.Provider(new(recording))}} {
		r := gatewaytest.RunChain(t, append(build(t, tracing.Config{}, opts...), removing), thing("Traceparent", valid))
		require.Empty(t, r.Sent.Header["Traceparent"])
	}
}

func TestOddRequestsMakeBoundedSpans(t *testing.T) {
	t.Parallel()
	p := new(recording)
	x := gatewaytest.NewExchange(strings.Repeat("BREW", 100), "/"+strings.Repeat("a", 5000), gatewaytest.Header("User-Agent", "a\xff"))
	x.Start = time.Time{}
	edge, err := tracing.New(tracing.Config{}, tracing.Provider(p), tracing.Redact("pin"))
	require.NoError(t, err)
	gatewaytest.Run(t, edge.Stage(), x, gatewaytest.Next(attempts(200)))
	s := p.all()[0]
	require.Equal(t, "HTTP", strings.Fields(s.name)[0])
	require.Equal(t, "_OTHER", s.attributes["http.request.method"])
	require.Len(t, s.attributes["http.request.method_original"], 32)
	require.LessOrEqual(t, len(s.attributes["url.path"].(string)), 1024)
	require.Equal(t, "a\uFFFD", s.attributes["user_agent.original"])
}

func TestSettingsThatDoNotHold(t *testing.T) {
	t.Parallel()
	for field, c := range map[string]tracing.Config{
		"/accept": {Accept: "always"}, "/sampling": {Sampling: "half"}, "/reply": {Reply: "Content-Length"}, "/reply ": {Reply: "a b"},
	} {
		_, err := tracing.New(c)
		require.ErrorContains(t, err, strings.TrimSpace(field))
	}
	_, err := tracing.New(tracing.Config{Accept: "x", Sampling: "y", Reply: "\n"})
	require.Len(t, registry.AsFaults(err), 3, "all at once")
}

func TestTheStagesKeepTheContract(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]tracing.Option{"alone": nil, "with a tracer": {tracing.Provider(new(recording))}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			around := gatewaytest.Route(route())
			gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage {
				stages := build(t, tracing.Config{Reply: "X-Trace-Id"}, opts...)
				return pipeline.Stage{Name: stages[0].Name, Phase: stages[0].Phase, Wrap: func(next pipeline.Handler) pipeline.Handler {
					return pipeline.Chain(next, stages...)
				}}
			}, around)
		})
	}
}

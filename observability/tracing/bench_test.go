package tracing_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/internal/exchangetest"
	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/observability/tracing"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

func BenchmarkHandOn(b *testing.B) { benchmark(b, valid, tracing.Config{}) }
func BenchmarkBegin(b *testing.B)  { benchmark(b, "", tracing.Config{}) }
func BenchmarkNoopTracer(b *testing.B) {
	benchmark(b, valid, tracing.Config{}, tracing.Provider(noop.NewTracerProvider()))
}
func BenchmarkUnsampled(b *testing.B) {
	benchmark(b, unsampled, tracing.Config{Sampling: "caller"}, tracing.Provider(new(recording)))
}
func BenchmarkSampledSpans(b *testing.B) {
	benchmark(b, valid, tracing.Config{}, tracing.Provider(&recording{forget: true}))
}

// BenchmarkForms reads a trace in each form and tells the backend in it.
func BenchmarkForms(b *testing.B) {
	for _, forms := range [][]string{{"w3c"}, {"b3"}, {"b3_multi"}, {"jaeger"}, all()} {
		b.Run(strings.Join(forms, "+"), func(b *testing.B) {
			x, in, resp, h := chain(b, "", tracing.Config{Read: forms, Send: forms})
			for _, form := range forms {
				for i := 0; i < len(sentAs()[form]); i += 2 {
					in.Header.Set(sentAs()[form][i], sentAs()[form][i+1])
				}
			}
			entry, s := &pipeline.Entry{}, &pipeline.Summary{Status: 200}
			b.ReportAllocs()
			for b.Loop() {
				again(x, in, resp, h, entry)
				_ = x.Finish(s)
			}
		})
	}
}

// sentAs are the fields of a trace by its forms, name and value in turn.
func sentAs() map[string][]string {
	return map[string][]string{
		"w3c": {"Traceparent", valid}, "b3": {"b3", validB3}, "jaeger": {"uber-trace-id", validUber},
		"b3_multi": {"X-B3-TraceId", otherID, "X-B3-SpanId", callerSpan, "X-B3-Sampled", "1"},
	}
}

// BenchmarkSampledStages is a recorded exchange of eight stages, told in both
// ways.
func BenchmarkSampledStages(b *testing.B) {
	for _, stages := range []string{"attributes", "spans"} {
		b.Run(stages, func(b *testing.B) {
			all := build(b, tracing.Config{Stages: stages}, tracing.Provider(&recording{forget: true}))
			for i := range pipeline.Phase(8) {
				all = append(all, stage("stage", pipeline.Guard+i, idle))
			}
			pipeline.Sort(all)
			x, _ := exchangetest.New()
			x.In.Header.Set("Traceparent", valid)
			in, resp := x.In, &http.Response{StatusCode: 200, Body: http.NoBody}
			h := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return resp, nil }, all...)
			entry, s := &pipeline.Entry{}, &pipeline.Summary{Status: 200}
			b.ReportAllocs()
			for b.Loop() {
				again(x, in, resp, h, entry)
				_ = x.Finish(s)
			}
		})
	}
}

const unsampled = "00-" + traceID + "-" + spanID + "-00"

// again serves an exchange that is new each time, in the same room.
func again(x *pipeline.Exchange, in *http.Request, resp *http.Response, h pipeline.Handler, entry *pipeline.Entry) {
	*x = pipeline.Exchange{In: in, Start: time.Now(), Route: entry.Route}
	x.Begin(nil, pipeline.Raw{}, entry)
	if got, err := h(context.Background(), x); err != nil || got != resp || x.TraceID == "" {
		panic("the exchange failed")
	}
}

func benchmark(b *testing.B, parent string, c tracing.Config, opts ...tracing.Option) {
	x, in, resp, h := chain(b, parent, c, opts...)
	entry, s := &pipeline.Entry{}, &pipeline.Summary{Status: 200}
	b.ReportAllocs()
	for b.Loop() {
		again(x, in, resp, h, entry)
		_ = x.Finish(s)
	}
}

func chain(b testing.TB, parent string, c tracing.Config, opts ...tracing.Option) (*pipeline.Exchange, *http.Request, *http.Response, pipeline.Handler) {
	x, _ := exchangetest.New()
	in := x.In
	if parent != "" {
		in.Header.Set("Traceparent", parent)
	}
	resp := &http.Response{StatusCode: 200, Body: http.NoBody}
	h := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return resp, nil }, build(b, c, opts...)...)
	return x, in, resp, h
}

// TestATraceThatIsNotRecordedCostsOneAllocation: all that is written for the
// exchange and its attempt. Of an attempt that is another's, it is one more.
func TestATraceThatIsNotRecordedCostsOneAllocation(t *testing.T) { // no parallel test may measure this
	for _, parent := range []string{unsampled, valid, ""} {
		for _, send := range [][]string{nil, {"b3"}, {"b3_multi"}, {"w3c", "b3", "jaeger"}} {
			var opts []tracing.Option
			if parent == unsampled {
				opts = append(opts, tracing.Provider(new(recording)))
			}
			x, in, resp, h := chain(t, parent, tracing.Config{Sampling: "caller", Stages: "spans", Send: send}, opts...)
			entry := &pipeline.Entry{}
			if got := testing.AllocsPerRun(100, func() { again(x, in, resp, h, entry) }); got > 1 {
				t.Errorf("%q, sent as %v: %v allocations", parent, send, got)
			}
		}
	}
}

// BenchmarkAllRecorders holds what observation costs an exchange to its budget
// of 1.5µs and two allocations: the trace handed on, an access log with
// stages, and metrics. What BenchmarkNoRecorders takes is the exchange's own.
func BenchmarkAllRecorders(b *testing.B) {
	log, m := accesslog.New(accesslog.Writer(io.Discard), accesslog.Stages()), metrics.New()
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	observed(b, build(b, tracing.Config{}), log, m)
	cancel()
	<-done
	b.ReportMetric(float64(log.Dropped())/float64(b.N), "dropped/op")
}

// BenchmarkNoRecorders is BenchmarkAllRecorders without them.
func BenchmarkNoRecorders(b *testing.B) {
	observed(b, []pipeline.Stage{naming("a"), naming("b")})
}

// naming stands in for a stage of tracing.
func naming(name string) pipeline.Stage {
	return pipeline.Stage{Name: name, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			x.TraceID = traceID
			return next(ctx, x)
		}
	}}
}

func observed(b *testing.B, stages []pipeline.Stage, recorders ...pipeline.Recorder) {
	full, _ := exchangetest.New()
	full.In.Header.Set("Traceparent", unsampled)
	entry := &pipeline.Entry{Route: full.Route, Timed: pipeline.Timings(recorders)}
	for _, r := range recorders {
		entry.Record = append(entry.Record, r.For(full.Route))
	}
	resp := &http.Response{StatusCode: 200, Body: http.NoBody}
	h := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return resp, nil }, stages...)
	x, s := new(pipeline.Exchange), &pipeline.Summary{Status: 200, BytesOut: 1024}
	b.ReportAllocs()
	for b.Loop() {
		again(x, full.In, resp, h, entry)
		x.ID, x.Scheme, x.Client, x.Environment = full.ID, full.Scheme, full.Client, full.Environment
		x.Identity, x.Subscription = full.Identity, full.Subscription
		x.Tried(full.Attempts()[0])
		s.Took = time.Since(x.Start)
		_ = x.Finish(s)
	}
	b.StopTimer()
}

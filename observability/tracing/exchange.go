package tracing

import (
	"context"
	"encoding/binary"
	"net/http"

	"go.opentelemetry.io/otel/trace"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Stage returns the stage of an exchange: it stands outermost, reads the trace
// that the caller sent, or begins one, and has what will be sent to the backend
// take part in it. An exchange whose trace was begun already, by a policy of
// the edge, is left alone.
func (t *Tracer) Stage() pipeline.Stage {
	return pipeline.Stage{
		Name: t.name, Phase: pipeline.Observe - 50, Vary: nobody,
		Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				if x.TraceID != "" {
					return next(ctx, x)
				}
				return t.serve(ctx, x, next)
			}
		},
	}
}

// nobody is the Vary of a stage whose answer depends on no caller.
func nobody(*pipeline.Exchange) string { return "" }

func (t *Tracer) serve(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
	p, state, holds := t.extract(x)
	if t.tracer != nil && !(t.caller && holds && !p.sampled()) {
		return t.record(ctx, x, next, p, state)
	}
	t.handOn(x, p, state)
	t.tell(x)
	return next(ctx, x)
}

// extract reads the trace of the caller.
func (t *Tracer) extract(x *pipeline.Exchange) (p parent, state string, holds bool) {
	lines := x.In.Header[fieldParent]
	if !t.accept || len(lines) == 0 {
		return parent{}, "", false
	}
	if p, holds = parseTraceparent(lines); !holds {
		x.Decide(pipeline.Decision{Stage: t.name, Verdict: pipeline.Warn, Code: CodeReplaced})
		return parent{}, "", false
	}
	if lines := x.In.Header[fieldState]; len(lines) > 0 {
		state, _ = parseTracestate(lines)
	}
	return p, state, true
}

// handOn goes on with the trace of p, or begins one where p is none, without a
// tracer. Its flags stay: whether it is recorded is decided elsewhere.
func (t *Tracer) handOn(x *pipeline.Exchange, p parent, state string) {
	if p.traceID == "" {
		begun := newTraceparent(t.id(), t.id(), t.id(), 0)
		x.TraceID = traceIDOf(begun)
		x.Set(fieldParent, begun)
	} else {
		x.TraceID = p.traceID
		x.Set(fieldParent, formatTraceparent(p.traceID, t.id(), p.flags))
	}
	setState(x, state)
}

// setState has the backend sent this tracestate, and none of another trace.
func setState(x *pipeline.Exchange, state string) {
	sent := x.In.Header[fieldState]
	switch {
	case state == "" && len(sent) > 0:
		x.Del(fieldState)
	case state != "" && (len(sent) != 1 || sent[0] != state):
		x.Set(fieldState, state)
	}
}

// tell puts the id of the trace into what will be answered.
func (t *Tracer) tell(x *pipeline.Exchange) {
	if t.reply != "" {
		x.SetReply(t.reply, x.TraceID)
	}
}

// record makes a span of the exchange.
func (t *Tracer) record(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler, p parent, state string) (*http.Response, error) {
	ctx = under(ctx, p, state)
	ctx, span := t.tracer.Start(ctx, spanName(x), t.serverOptions(x)...)
	if !t.joined(x, span.SpanContext(), p) {
		t.handOn(x, p, state)
	}
	t.tell(x)
	if !span.IsRecording() {
		span.End()
		return next(ctx, x)
	}
	s := &exchangeSpan{tracer: t, span: span}
	x.AtEnd(s)
	if t.spans {
		x.Watch(s)
	}
	resp, err := next(ctx, x)
	s.outcome(resp, err)
	return resp, err
}

// under makes p the parent of what is begun by ctx, unless the program has a
// span around the gateway: that one has read the fields already.
func under(ctx context.Context, p parent, state string) context.Context {
	if trace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	if remote, ok := p.spanContext(state); ok {
		return trace.ContextWithRemoteSpanContext(ctx, remote)
	}
	return ctx
}

// joined has the backend sent the context that a tracer made, unless it made
// none of its own: a tracer that does nothing hands back its parent's.
func (t *Tracer) joined(x *pipeline.Exchange, sc trace.SpanContext, p parent) bool {
	if !sc.IsValid() || sc.SpanID().String() == p.spanID {
		return false
	}
	sent := traceparentOf(sc)
	x.TraceID = traceIDOf(sent)
	x.Set(fieldParent, sent)
	setState(x, sc.TraceState().String())
	return true
}

// spanContext makes of p and state what tracers understand.
func (p parent) spanContext(state string) (trace.SpanContext, bool) {
	traceID, err := trace.TraceIDFromHex(p.traceID)
	if err != nil {
		return trace.SpanContext{}, false
	}
	spanID, err := trace.SpanIDFromHex(p.spanID)
	if err != nil {
		return trace.SpanContext{}, false
	}
	ts, err := trace.ParseTraceState(state)
	if err != nil {
		ts = trace.TraceState{}
	}
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID, SpanID: spanID, TraceFlags: trace.TraceFlags(p.flags), TraceState: ts, Remote: true,
	}), true
}

// traceparentOf writes the field of a span.
func traceparentOf(sc trace.SpanContext) string {
	traceID, spanID := sc.TraceID(), sc.SpanID()
	return newTraceparent(binary.BigEndian.Uint64(traceID[:8]), binary.BigEndian.Uint64(traceID[8:]), binary.BigEndian.Uint64(spanID[:]),
		byte(sc.TraceFlags())&(flagSampled|flagRandom))
}

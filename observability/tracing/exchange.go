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
// the edge, stays in it: at most the forms change in which the backend is told.
func (t *Tracer) Stage() pipeline.Stage {
	return pipeline.Stage{
		Name: t.name, Phase: pipeline.Observe - 50, Vary: nobody,
		Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				if x.TraceID == "" {
					return t.serve(ctx, x, next)
				}
				if t.speaks {
					t.rewrite(x)
				}
				return next(ctx, x)
			}
		},
	}
}

// nobody is the Vary of a stage whose answer depends on no caller.
func nobody(*pipeline.Exchange) string { return "" }

func (t *Tracer) serve(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
	for _, field := range t.remove {
		if len(x.In.Header[field]) > 0 {
			x.Del(field)
		}
	}
	p, state := t.extract(x)
	if t.tracer != nil && !(t.caller && p.sampling == denied) {
		return t.record(ctx, x, next, p, state)
	}
	t.handOn(x, p, state)
	t.tell(x)
	return next(ctx, x)
}

// extract reads the trace of the caller, by the first form that holds.
func (t *Tracer) extract(x *pipeline.Exchange) (p parent, state string) {
	sent := false
	for _, f := range t.read {
		p, there, holds := f.parse(x)
		if !holds {
			sent = sent || there
			continue
		}
		if f == w3c {
			state = stateOf(x)
		}
		return p, state
	}
	if sent {
		x.Decide(pipeline.Decision{Stage: t.name, Verdict: pipeline.Warn, Code: CodeReplaced})
	}
	return parent{}, ""
}

// stateOf reads the caller's tracestate; empty where it does not hold.
func stateOf(x *pipeline.Exchange) (state string) {
	if lines := x.In.Header[fieldState]; len(lines) > 0 {
		state, _ = parseTracestate(lines)
	}
	return state
}

// handOn goes on with the trace of p, or begins one where p has none, without
// a tracer. Its sampling stays: whether it is recorded is decided elsewhere.
func (t *Tracer) handOn(x *pipeline.Exchange, p parent, state string) {
	if !p.begun() {
		p.trace = id{t.id(), t.id()}
	}
	p.span = t.id()
	t.put(x, p, state)
}

// put has the backend sent p, and state where it is told of it.
func (t *Tracer) put(x *pipeline.Exchange, p parent, state string) {
	x.TraceID = p.send(x, t.send)
	if t.send.has(w3c) {
		setState(x, state)
	}
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

// rewrite has the backend of a route told in the forms of the route, where the
// trace was begun before. What is sent in none of the forms says nothing that
// could be written in others.
func (t *Tracer) rewrite(x *pipeline.Exchange) {
	p, now := sent(x)
	for _, field := range t.remove {
		drop(x, field)
	}
	for _, field := range t.pass {
		passOn(x, field)
	}
	missing := t.send &^ now
	if !p.begun() || missing == 0 {
		return
	}
	p.send(x, missing)
	if missing.has(w3c) { // a tracestate that is there is of another trace
		drop(x, fieldState)
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
	made := spanOf(sc, p.sampling)
	if !sc.IsValid() || made.span == p.span {
		return false
	}
	t.put(x, made, sc.TraceState().String())
	return true
}

// spanContext makes of p and state what tracers understand; false where p has
// no ids.
func (p parent) spanContext(state string) (trace.SpanContext, bool) {
	if !p.begun() {
		return trace.SpanContext{}, false
	}
	ts, err := trace.ParseTraceState(state)
	if err != nil {
		ts = trace.TraceState{}
	}
	config := trace.SpanContextConfig{TraceFlags: p.flags(), TraceState: ts, Remote: true}
	binary.BigEndian.PutUint64(config.TraceID[:8], p.trace.high)
	binary.BigEndian.PutUint64(config.TraceID[8:], p.trace.low)
	binary.BigEndian.PutUint64(config.SpanID[:], p.span)
	return trace.NewSpanContext(config), true
}

func (p parent) flags() (flags trace.TraceFlags) {
	if p.sampling.sampled() {
		flags |= flagSampled
	}
	if p.random {
		flags |= flagRandom
	}
	return flags
}

// spanOf is what there is to say of a span, whose tracer has decided on what
// was said of the sampling before.
func spanOf(sc trace.SpanContext, before sampling) parent {
	traceID, spanID := sc.TraceID(), sc.SpanID()
	return parent{
		trace:    id{binary.BigEndian.Uint64(traceID[:8]), binary.BigEndian.Uint64(traceID[8:])},
		span:     binary.BigEndian.Uint64(spanID[:]),
		sampling: before.decided(sc.IsSampled()),
		random:   sc.TraceFlags()&flagRandom != 0,
	}
}

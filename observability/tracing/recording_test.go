package tracing_test

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	"go.opentelemetry.io/otel/trace/noop"
)

// recording is a provider that keeps its spans, in place of an SDK. It samples
// what the parent of a span is sampled, and traces that begin here unless told
// not to.
type recording struct {
	embedded.TracerProvider
	idle   bool // samples no trace that begins here
	forget bool // keeps no spans

	mu    sync.Mutex
	spans []*span
	ids   uint64
}

func (r *recording) Tracer(string, ...trace.TracerOption) trace.Tracer { return tracer{r: r} }

// all returns the spans, in the order in which they began.
func (r *recording) all() []*span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.spans
}

type tracer struct {
	embedded.Tracer
	r *recording
}

func (t tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	t.r.mu.Lock()
	defer t.r.mu.Unlock()
	config, parent := trace.NewSpanStartConfig(opts...), trace.SpanContextFromContext(ctx)
	s := &span{
		name: name, kind: config.SpanKind(), parent: parent, begun: config.Timestamp(),
		attributes: values(config.Attributes()), sampled: !t.r.idle,
	}
	if s.begun.IsZero() {
		s.begun = time.Now()
	}
	own := trace.SpanContextConfig{SpanID: t.r.spanID(), TraceState: parent.TraceState()}
	if parent.IsValid() {
		own.TraceID, s.sampled = parent.TraceID(), parent.IsSampled()
	} else {
		own.TraceID = trace.TraceID(append(make([]byte, 8), own.SpanID[:]...))
	}
	own.TraceFlags = trace.TraceFlags(0).WithSampled(s.sampled)
	s.context = trace.NewSpanContext(own)
	if s.sampled && !t.r.forget {
		t.r.spans = append(t.r.spans, s)
	}
	return trace.ContextWithSpan(ctx, s), s
}

func (r *recording) spanID() (id trace.SpanID) {
	r.ids++
	binary.BigEndian.PutUint64(id[:], r.ids)
	return id
}

// A span is what was told of one.
type span struct {
	noop.Span
	sampled bool

	name       string
	kind       trace.SpanKind
	context    trace.SpanContext
	parent     trace.SpanContext
	begun      time.Time
	attributes map[string]any
	events     []event
	status     codes.Code
	text       string
	ended      int
	over       time.Time
}

type event struct {
	name       string
	at         time.Time
	attributes map[string]any
}

func (s *span) SpanContext() trace.SpanContext      { return s.context }
func (s *span) IsRecording() bool                   { return s.sampled && s.ended == 0 }
func (s *span) SetName(name string)                 { s.name = name }
func (s *span) SetStatus(c codes.Code, text string) { s.status, s.text = c, text }
func (s *span) End(...trace.SpanEndOption)          { s.ended++; s.over = time.Now() }

func (s *span) SetAttributes(all ...attribute.KeyValue) {
	for k, v := range values(all) {
		s.attributes[k] = v
	}
}

func (s *span) AddEvent(name string, opts ...trace.EventOption) {
	config := trace.NewEventConfig(opts...)
	s.events = append(s.events, event{name, config.Timestamp(), values(config.Attributes())})
}

func values(all []attribute.KeyValue) map[string]any {
	m := map[string]any{}
	for _, a := range all {
		m[string(a.Key)] = a.Value.AsInterface()
	}
	return m
}

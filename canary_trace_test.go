package gateway_test

import (
	"context"
	"fmt"
	"io"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	"go.opentelemetry.io/otel/trace/noop"
)

// A spanProvider has whatever is told of spans written down; all are sampled.
type spanProvider struct {
	embedded.TracerProvider
	to io.Writer
}

func (p spanProvider) Tracer(string, ...trace.TracerOption) trace.Tracer { return spanTracer{to: p.to} }

type spanTracer struct {
	embedded.Tracer
	to io.Writer
}

func (w spanTracer) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	config := trace.NewSpanStartConfig(options...)
	fmt.Fprintln(w.to, "span", name, config.Attributes(), config.Links())
	s := writtenSpan{to: w.to}
	return trace.ContextWithSpan(ctx, s), s
}

// A writtenSpan has one identity for all, since nobody looks at it.
type writtenSpan struct {
	noop.Span
	to io.Writer
}

func (s writtenSpan) IsRecording() bool { return true }

func (s writtenSpan) SpanContext() trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: [16]byte{1}, SpanID: [8]byte{1}, TraceFlags: trace.FlagsSampled})
}

func (s writtenSpan) SetName(name string)                     { fmt.Fprintln(s.to, "span name", name) }
func (s writtenSpan) SetStatus(c codes.Code, text string)     { fmt.Fprintln(s.to, "span status", c, text) }
func (s writtenSpan) SetAttributes(all ...attribute.KeyValue) { fmt.Fprintln(s.to, "span holds", all) }

func (s writtenSpan) RecordError(err error, options ...trace.EventOption) {
	fmt.Fprintln(s.to, "span error", err, trace.NewEventConfig(options...))
}

func (s writtenSpan) AddEvent(name string, options ...trace.EventOption) {
	fmt.Fprintln(s.to, "span event", name, trace.NewEventConfig(options...))
}

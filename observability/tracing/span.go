package tracing

import (
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// An exchangeSpan is the span of one exchange that is recorded. It ends with
// the exchange, after the response body.
type exchangeSpan struct {
	tracer *Tracer
	span   trace.Span
	status int // 0 while the chain runs, and where it panicked
	err    error
	open   []stageSpan // the stages that the exchange is in, from the outside in
	made   int         // spans of stages
}

// outcome notes how the chain answered.
func (s *exchangeSpan) outcome(resp *http.Response, err error) {
	if s.err = err; err != nil {
		s.status = statusOf(err)
		return
	}
	s.status = resp.StatusCode
}

// End implements pipeline.Ender.
func (s *exchangeSpan) End(x *pipeline.Exchange) {
	if s.status == 0 {
		s.status = http.StatusInternalServerError
	}
	s.span.SetName(spanName(x))
	s.span.SetAttributes(s.tracer.known(x)...)
	s.span.SetAttributes(attrStatus.Int(s.status))
	s.decisions(x)
	s.stages(x)
	s.fail()
	s.span.End()
}

// fail marks the span where the gateway or its backend is at fault: what the
// caller did wrong is no error of a server.
func (s *exchangeSpan) fail() {
	switch {
	case s.err != nil:
		s.span.SetAttributes(attrError.String(failure(s.err)))
	case s.status >= 500:
		s.span.SetAttributes(attrError.String(statusText(s.status)))
	}
	if s.status < 500 {
		return
	}
	text := ""
	if s.err != nil {
		text = s.tracer.clean(s.err.Error())
	}
	s.span.SetStatus(codes.Error, text)
}

// stages tells how long each stage took by itself, where a recorder has the
// chains timed.
func (s *exchangeSpan) stages(x *pipeline.Exchange) {
	if s.tracer.spans {
		return // they have spans that tell it
	}
	for stage, d := range x.Spent(time.Since(x.Start)) {
		s.span.SetAttributes(attribute.Int64(attrSpent+stage, d.Microseconds()))
	}
}

// maxEvents bounds the decisions of one span.
const maxEvents = 64

// decisions tells each decision as an event of the time when it was made.
func (s *exchangeSpan) decisions(x *pipeline.Exchange) {
	all := x.Decisions()
	for _, d := range all[:min(len(all), maxEvents)] {
		attributes := []attribute.KeyValue{attrStage.String(d.Stage), attrVerdict.String(d.Verdict.String())}
		attributes = appendText(attributes, attrCode, d.Code)
		attributes = appendText(attributes, attrRule, d.Rule)
		options := []trace.EventOption{trace.WithAttributes(attributes...)}
		if !x.Start.IsZero() {
			options = append(options, trace.WithTimestamp(x.Start.Add(d.At)))
		}
		s.span.AddEvent(eventDecision, options...)
	}
}

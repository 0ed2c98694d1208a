package tracing

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// maxStages bounds the spans of stages of one exchange: retries pass some of
// them again and again.
const maxStages = 128

// A stageSpan is the span of a stage that the exchange is in; nil where it has
// none.
type stageSpan struct {
	span      trace.Span
	decisions int // that were there before
}

// Enter implements pipeline.Watcher: each stage is a span within that of the
// stage around it, so that an attempt is one within the stage that sent it.
func (s *exchangeSpan) Enter(ctx context.Context, x *pipeline.Exchange, stage string) context.Context {
	in := stageSpan{decisions: len(x.Decisions())}
	if !own(stage) && s.made < maxStages {
		s.made++
		ctx, in.span = s.tracer.tracer.Start(ctx, stage, trace.WithAttributes(attrStage.String(stage)))
	}
	s.open = append(s.open, in)
	return ctx
}

// Leave implements pipeline.Watcher. The span ends as the stage does: with the
// response head.
func (s *exchangeSpan) Leave(_ context.Context, x *pipeline.Exchange, stage string, resp *http.Response, err error) {
	last := len(s.open) - 1
	in := s.open[last]
	s.open = s.open[:last]
	if in.span == nil {
		return
	}
	in.decided(x, stage)
	if resp == nil && err == nil {
		in.span.SetStatus(codes.Error, "panic")
	}
	in.span.End()
}

// decided tells what the stage has decided, and by which rule. Of several
// decisions the last counts: a denial ends a stage.
func (in stageSpan) decided(x *pipeline.Exchange, stage string) {
	all := x.Decisions()
	for i := len(all) - 1; i >= in.decisions; i-- {
		d := &all[i]
		if d.Stage != stage {
			continue
		}
		attributes := append(make([]attribute.KeyValue, 0, 3), attrVerdict.String(d.Verdict.String()))
		attributes = appendText(attributes, attrCode, d.Code)
		in.span.SetAttributes(appendText(attributes, attrRule, d.Rule)...)
		return
	}
}

// own reports whether a stage is one of tracing itself, whose spans are those
// of exchanges and attempts.
func own(stage string) bool {
	stage = strings.TrimSuffix(stage, suffixAttempt)
	return stage == kind || strings.HasPrefix(stage, kind+":")
}

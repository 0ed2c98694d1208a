package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// suffixAttempt makes the name of the stage of attempts.
const suffixAttempt = "_attempt"

// Attempt returns the stage of an attempt: it stands innermost, inside Retry,
// and gives each attempt an id, and a span where the exchange has one. The span
// ends when the response head is in.
func (t *Tracer) Attempt() pipeline.Stage {
	return pipeline.Stage{
		Name: t.name + suffixAttempt, Phase: pipeline.Forward - 50, Vary: nobody,
		Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				if t.tracer != nil && trace.SpanFromContext(ctx).IsRecording() {
					return t.attempt(ctx, x, next)
				}
				t.renew(x)
				return next(ctx, x)
			}
		},
	}
}

// renew gives the attempt an id of its own. The first one has that which was
// written for the exchange, unless others are under way beside it. Where a
// policy has removed the fields, or put something else there, that stays.
func (t *Tracer) renew(x *pipeline.Exchange) {
	if len(x.Attempts()) == 0 && !x.Forked() {
		return
	}
	if p, forms := sent(x); forms != 0 {
		p.span = t.id()
		p.send(x, forms)
	}
}

func (t *Tracer) attempt(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
	tried := len(x.Attempts())
	ctx, span := t.tracer.Start(ctx, method(x), clientOptions(x, tried)...)
	defer span.End() // in a panic too
	if p, forms := sent(x); forms != 0 && span.SpanContext().IsValid() {
		spanOf(span.SpanContext(), p.sampling).send(x, forms)
	}
	resp, err := next(ctx, x)
	t.tried(span, x, tried, resp, err)
	return resp, err
}

// tried tells the span how the attempt went.
func (t *Tracer) tried(span trace.Span, x *pipeline.Exchange, before int, resp *http.Response, err error) {
	if all := x.Attempts(); len(all) > before {
		span.SetAttributes(endpoint(all[len(all)-1].Endpoint)...)
	}
	switch {
	case err != nil:
		span.SetAttributes(attrError.String(failure(err)))
		span.SetStatus(codes.Error, t.clean(err.Error()))
	case resp.StatusCode >= 400:
		span.SetAttributes(attrStatus.Int(resp.StatusCode), attrError.String(statusText(resp.StatusCode)))
		span.SetStatus(codes.Error, "")
	default:
		span.SetAttributes(attrStatus.Int(resp.StatusCode))
	}
}

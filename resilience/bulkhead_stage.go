package resilience

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// CodeBulkheadFull is the code of the refusal of a bulkhead.
const CodeBulkheadFull = "bulkhead_full" // 503

const (
	kindBulkhead = "bulkhead"
	// phaseBulkhead is within the total deadline, which bounds the wait for a
	// place, and around the retries: an exchange keeps its place from try to
	// try, and does not stand in its own way.
	phaseBulkhead = (pipeline.Deadline + pipeline.Retry) / 2
)

// Stage makes the stage of the bulkhead under a name. Where there is no place
// it refuses with a Problem whose cause is an UpstreamError of the kind
// overloaded: nothing was sent.
func (b *Bulkhead) Stage(name string) pipeline.Stage {
	return pipeline.Stage{
		Name: name, Phase: phaseBulkhead, Vary: nobody,
		Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				if b.enter(ctx, x.Deadline) {
					return b.pass(ctx, x, next)
				}
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				return nil, b.refuse(x, name)
			}
		},
	}
}

// pass sends the exchange on. It keeps its place to its end, unless it comes
// back without an answer.
func (b *Bulkhead) pass(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
	answered := false
	defer func() {
		if !answered {
			b.leave()
		}
	}()
	resp, err := next(ctx, x)
	if err == nil {
		answered = true
		x.AtEnd(b)
	}
	return resp, err
}

func (b *Bulkhead) refuse(x *pipeline.Exchange, stage string) error {
	b.refused.Add(1)
	x.Decide(pipeline.Decision{Stage: stage, Rule: b.name, Verdict: pipeline.Deny, Code: CodeBulkheadFull})
	return pipeline.Refuse(http.StatusServiceUnavailable, CodeBulkheadFull, "Too many requests are under way; try again in 1 s.").
		With("Retry-After", "1").
		Because(&pipeline.UpstreamError{Kind: pipeline.UpstreamOverloaded, Err: errors.New(b.name)})
}

// BulkheadKind returns the kind bulkhead. Routes that have the same settings
// for the same thing share a bulkhead, which outlives reloads.
func BulkheadKind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kindBulkhead, func(env *pipeline.Env, c BulkheadConfig) ([]pipeline.Stage, error) {
		b, err := sharedBulkhead(env, c)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{b.Stage(cmp.Or(env.Name, kindBulkhead))}, nil
	})
}

func sharedBulkhead(env *pipeline.Env, c BulkheadConfig) (*Bulkhead, error) {
	span, err := spanOf(env.Route, c.Scope, scopeAPI)
	if err != nil {
		return nil, err
	}
	same := c
	same.Scope = "" // span says it
	key, err := sharedKey(env, span, same)
	if err != nil {
		return nil, err
	}
	return pipeline.Shared(env, key, func(*pipeline.Env) (*Bulkhead, error) { return NewBulkhead(span, c) })
}

// BulkheadPolicy returns a policy of kind bulkhead.
func BulkheadPolicy(c BulkheadConfig) registry.Policy { return registry.NewPolicy(kindBulkhead, c) }

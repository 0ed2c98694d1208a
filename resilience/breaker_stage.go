package resilience

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// CodeBreakerOpen is the code of the refusal of a breaker.
const CodeBreakerOpen = "breaker_open" // 503

const kindBreaker = "breaker"

// Stage makes the stage of the breaker under a name. Where the breaker is open
// it refuses with a Problem whose cause is an UpstreamError of the kind
// breaker_open: nothing was sent.
func (b *Breaker) Stage(name string) pipeline.Stage {
	return pipeline.Stage{
		Name: name, Phase: pipeline.Protect, Vary: nobody,
		Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				p, ok := b.acquire()
				if !ok {
					return nil, b.refuse(x, name, p)
				}
				return b.pass(ctx, x, next, p)
			}
		},
	}
}

// refuse says when to come back: who is told half a second hears one, and who
// is told of trials under way comes back after one.
func (b *Breaker) refuse(x *pipeline.Exchange, stage string, p permit) error {
	x.Decide(pipeline.Decision{Stage: stage, Rule: p.state().String(), Verdict: pipeline.Deny, Code: CodeBreakerOpen})
	wait := strconv.FormatInt(max(1, int64((b.remaining()+time.Second-1)/time.Second)), 10)
	return pipeline.Refuse(http.StatusServiceUnavailable, CodeBreakerOpen, "The service is spared for now; try again in "+wait+" s.").
		With("Retry-After", wait).
		Because(&pipeline.UpstreamError{Kind: pipeline.UpstreamBreakerOpen, Err: errors.New(b.name)})
}

// pass sends the exchange on and settles the permit by the response head.
func (b *Breaker) pass(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler, p permit) (*http.Response, error) {
	settled := false
	defer func() {
		if !settled {
			b.giveBack(p) // a panic says nothing of the backend
		}
	}()
	begun, spent := b.begin(), spent(x)
	resp, err := next(ctx, x)
	settled = true
	switch b.judge(ctx, x, resp, err, spent) {
	case failed:
		b.settle(p, true, b.late(begun))
	case succeeded:
		b.settle(p, false, b.late(begun))
		b.watch(ctx, x, resp, p)
	default:
		b.giveBack(p)
	}
	return resp, err
}

// spent reports whether the time is over already, so that the backend will not
// be asked: a slow client may have taken it, whose body was kept for retries.
func spent(x *pipeline.Exchange) bool {
	if x.Deadline.IsZero() {
		return false
	}
	at := x.Try
	if at.IsZero() {
		at = now(x)
	}
	return !at.Before(x.Deadline)
}

// begin reads the clock where it is of use.
func (b *Breaker) begin() (t time.Time) {
	if b.config.Slow.Over > 0 {
		t = time.Now()
	}
	return t
}

func (b *Breaker) late(begun time.Time) bool {
	return !begun.IsZero() && time.Since(begun) > b.config.Slow.Over.Std()
}

// An outcome is how a request went.
type outcome uint8

const (
	unknown outcome = iota // says nothing of the backend
	succeeded
	failed
)

func (b *Breaker) judge(ctx context.Context, x *pipeline.Exchange, resp *http.Response, err error, spent bool) outcome {
	switch {
	case err == nil && b.failing(statusOf(x, resp)):
		return failed
	case err == nil:
		return succeeded
	case ctx.Err() != nil, errors.Is(err, context.Canceled):
		return unknown // the client has gone
	case spent:
		return unknown
	}
	return judgeError(err)
}

func (b *Breaker) failing(status int) bool { return slices.Contains(b.config.Statuses, status) }

// judgeError tells the backend's failures from those that came about before it
// was asked, and from faults of the client.
func judgeError(err error) outcome {
	if u, ok := errors.AsType[*pipeline.UpstreamError](err); ok {
		switch u.Kind {
		case pipeline.UpstreamNoneReady, pipeline.UpstreamBreakerOpen, pipeline.UpstreamOverloaded:
			return unknown
		}
		return failed
	}
	if _, ok := errors.AsType[*pipeline.Problem](err); ok {
		return unknown
	}
	return failed
}

// BreakerKind returns the kind breaker. Routes that have the same settings for
// the same thing share a breaker, which outlives reloads. The options are given
// to each.
func BreakerKind(options ...BreakerOption) pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kindBreaker, func(env *pipeline.Env, c BreakerConfig) ([]pipeline.Stage, error) {
		b, err := sharedBreaker(env, c, options)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{b.Stage(cmp.Or(env.Name, kindBreaker))}, nil
	})
}

func sharedBreaker(env *pipeline.Env, c BreakerConfig, options []BreakerOption) (*Breaker, error) {
	span, err := spanOf(env.Route, c.Scope, scopeUpstream)
	if err != nil {
		return nil, err
	}
	same := c.defaults()
	same.Scope = "" // span says it
	key, err := sharedKey(env, span, same)
	if err != nil {
		return nil, err
	}
	return pipeline.Shared(env, key, func(env *pipeline.Env) (*Breaker, error) {
		return NewBreaker(span, c, append([]BreakerOption{WithBreakerLog(env.Log)}, options...)...)
	})
}

// BreakerPolicy returns a policy of kind breaker.
func BreakerPolicy(c BreakerConfig) registry.Policy { return registry.NewPolicy(kindBreaker, c) }

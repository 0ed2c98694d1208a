package resilience

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Codes of the decisions of retry. None is a refusal: each says why a request
// was, or was not, sent again.
const (
	CodeRetried          = "retried"
	CodeRetrySucceeded   = "retry_succeeded"
	CodeAttemptsSpent    = "retry_attempts_spent"
	CodeRetryBudgetSpent = "retry_budget_spent"
	CodeNotRepeatable    = "not_repeatable" // the method, and the backend may have acted
	CodeNotReplayable    = "not_replayable" // the body is gone
	CodeRetryNoTime      = "retry_no_time"  // the deadline comes before the retry would
	stageRetry           = "retry"
	idempotencyKey       = "Idempotency-Key"
	maxRetryAfter        = 5 * time.Second // where there is no deadline
	leastTry             = time.Millisecond
)

// A RetryOption is what retry may be given beside its settings.
type RetryOption func(*retry)

// WithRandom replaces the random source of the backoff: f returns numbers in
// [0, 1) and may be called from many goroutines at once.
func WithRandom(f func() float64) RetryOption { return func(r *retry) { r.random = f } }

type retry struct {
	config RetryConfig
	budget budget
	random func() float64
}

// NewRetry makes the stage of retry, with a budget of its own.
//
// It sends a request again where the backend failed before its response head,
// or answered with one of the statuses; where the request may be repeated, or
// did not reach the backend; where its body is kept; and where attempts, budget
// and deadline allow. A request that asks for another protocol is sent once.
func NewRetry(c RetryConfig, options ...RetryOption) ([]pipeline.Stage, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.defaults()
	r := &retry{config: c, budget: budget{share: c.Budget}, random: rand.Float64}
	for _, o := range options {
		o(r)
	}
	return []pipeline.Stage{{Name: stageRetry, Phase: pipeline.Retry, Wrap: r.wrap, Vary: nobody}}, nil
}

func (r *retry) wrap(next pipeline.Handler) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		if x.Upgrade != "" {
			return next(ctx, x)
		}
		return r.serve(ctx, x, next)
	}
}

func (r *retry) serve(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
	r.budget.request(started(x))
	replayable := r.replayable(x)
	mark := x.Mark()
	for try := 1; ; try++ {
		resp, err := next(ctx, x)
		f := r.judge(resp, err)
		if !f.failed || ctx.Err() != nil {
			if try > 1 && err == nil {
				x.Decide(pipeline.Decision{Stage: stageRetry, Verdict: pipeline.Pass, Code: CodeRetrySucceeded})
			}
			return resp, err
		}
		x.Restore(mark)
		wait := r.wait(try, resp)
		if code := r.refuse(x, f, try, replayable, wait); code != "" {
			x.Decide(pipeline.Decision{Stage: stageRetry, Rule: f.reason, Verdict: pipeline.Warn, Code: code})
			return resp, err
		}
		x.Decide(pipeline.Decision{Stage: stageRetry, Rule: f.reason, Verdict: pipeline.Warn, Code: CodeRetried})
		drop(resp)
		if !pause(ctx, wait) {
			return nil, ctx.Err()
		}
	}
}

func started(x *pipeline.Exchange) time.Time {
	if x.Start.IsZero() {
		return time.Now()
	}
	return x.Start
}

// replayable reports whether the body is there for another try, and keeps it
// to make it so. A body of unknown length may be one half of a conversation,
// and one that the client holds back until it is asked for (Expect) is not
// asked for too early: both stream.
func (r *retry) replayable(x *pipeline.Exchange) bool {
	if x.In.ContentLength < 0 || x.In.ContentLength > r.config.MaxBody || x.In.Header["Expect"] != nil {
		return false
	}
	return x.Replayable(r.config.MaxBody)
}

// A failure is how one try went.
type failure struct {
	failed bool
	sent   bool   // the backend may have acted
	reason string // the kind of error, or "status"
}

// judge tells whether the try failed in a way that another may mend.
func (r *retry) judge(resp *http.Response, err error) failure {
	if err == nil {
		return failure{failed: slices.Contains(r.config.Statuses, resp.StatusCode), sent: true, reason: "status"}
	}
	var u *pipeline.UpstreamError
	if !errors.As(err, &u) {
		return failure{}
	}
	switch u.Kind {
	case pipeline.UpstreamConnect, pipeline.UpstreamReset, pipeline.UpstreamTimeout, pipeline.UpstreamMalformed:
		return failure{failed: true, sent: u.Sent, reason: u.Kind}
	}
	return failure{}
}

// refuse says why there is no other try; empty where there is one.
func (r *retry) refuse(x *pipeline.Exchange, f failure, try int, replayable bool, wait time.Duration) string {
	now := time.Now()
	switch {
	case try >= r.config.Attempts:
		return CodeAttemptsSpent
	case f.sent && !r.repeatable(x):
		return CodeNotRepeatable
	case !replayable:
		return CodeNotReplayable
	case x.Deadline.IsZero() && wait > max(maxRetryAfter, r.config.Backoff.Max.Std()):
		return CodeRetryNoTime
	case !x.Deadline.IsZero() && x.Deadline.Sub(now) < wait+leastTry:
		return CodeRetryNoTime
	case !r.budget.take(now):
		return CodeRetryBudgetSpent
	}
	return ""
}

// repeatable reports whether the request may be sent again though the backend
// may have acted on it (RFC 9110 section 9.2.2).
func (r *retry) repeatable(x *pipeline.Exchange) bool {
	return slices.Contains(r.config.Methods, x.In.Method) || x.Get(idempotencyKey) != ""
}

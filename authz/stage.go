package authz

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Stage makes a stage of a, under the name that its decisions bear. It sets
// the Grant of the exchange where the answer holds one.
func Stage(name string, a Authorizer) pipeline.Stage {
	c := &checkpoint{name: name, authorizer: a}
	return pipeline.Stage{Name: name, Phase: pipeline.Authorize, Wrap: c.wrap}
}

// StageName returns the name of the stage of a policy: the policy's own, or
// the kind's where there is none.
func StageName(env *pipeline.Env, kind string) string {
	if env.Name == "" {
		return kind
	}
	return env.Name
}

// A checkpoint is the stage of one route.
type checkpoint struct {
	name       string
	authorizer Authorizer
}

func (c *checkpoint) wrap(next pipeline.Handler) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		answer, err := c.ask(ctx, x)
		switch {
		case err != nil:
			return nil, problem(err)
		case !answer.Allow:
			return nil, c.deny(x, answer)
		}
		if answer.Grant != nil {
			x.Grant = answer.Grant
		}
		x.Decide(pipeline.Decision{Stage: c.name, Rule: answer.Rule, Verdict: pipeline.Pass, Code: answer.Code})
		return next(ctx, x)
	}
}

// ask returns the answer, and a panic of the authorizer as an error.
func (c *checkpoint) ask(ctx context.Context, x *pipeline.Exchange) (answer Answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			answer, err = Answer{}, panicked(p)
		}
	}()
	return c.authorizer.Authorize(ctx, x)
}

func (c *checkpoint) deny(x *pipeline.Exchange, answer Answer) error {
	code := answer.Code
	if code == "" {
		code = CodeAccessDenied
	}
	x.Decide(pipeline.Decision{Stage: c.name, Rule: answer.Rule, Verdict: pipeline.Deny, Code: code})
	return refusal(code, answer.Hide)
}

// refusal is what the caller gets. A hidden route looks like one that is not
// there; the decision alone tells the reason.
func refusal(code string, hide bool) *pipeline.Problem {
	if hide {
		return pipeline.Refuse(http.StatusNotFound, pipeline.CodeRouteUnknown, "")
	}
	return pipeline.Refuse(http.StatusForbidden, code, "")
}

func problem(err error) *pipeline.Problem {
	var p *pipeline.Problem
	if errors.As(err, &p) && p != nil {
		return p
	}
	return pipeline.Refuse(http.StatusServiceUnavailable, CodeUnavailable,
		"The right to do this cannot be checked at present.").Because(err)
}

// panicked describes a panic, without a value that may hold what the
// authorizer had before it.
func panicked(p any) error {
	if re, ok := p.(runtime.Error); ok {
		return fmt.Errorf("authorizer panicked: %w", re)
	}
	return fmt.Errorf("authorizer panicked with a %T", p)
}

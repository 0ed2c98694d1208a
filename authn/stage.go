package authn

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Stage makes a stage of a that sets the Identity of the exchange, or refuses.
// The decision names the scheme as its rule.
func Stage(a Authenticator) pipeline.Stage { return stage(kindName, a) }

func stage(name string, a Authenticator) pipeline.Stage {
	c := &checkpoint{name: name, authenticator: a, challenges: challengesOf(a)}
	return pipeline.Stage{Name: name, Phase: pipeline.Authenticate, Wrap: c.wrap}
}

// A checkpoint is the stage of one route.
type checkpoint struct {
	name          string
	authenticator Authenticator
	challenges    []string
}

var errNobody = errors.New("the authenticator returned nobody and no error")

func (c *checkpoint) wrap(next pipeline.Handler) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		id, err := c.ask(ctx, x)
		if err != nil {
			return nil, c.refuse(x, err)
		}
		c.admit(x, id)
		return next(ctx, x)
	}
}

// ask returns who sent x, never nobody without an error, and a panic of the
// authenticator as an error.
func (c *checkpoint) ask(ctx context.Context, x *pipeline.Exchange) (id *pipeline.Identity, err error) {
	defer func() {
		if p := recover(); p != nil {
			id, err = nil, panicked(p)
		}
	}()
	id, err = c.authenticator.Authenticate(ctx, x)
	switch {
	case err != nil:
		return nil, err
	case id == nil:
		return nil, errNobody
	case !fits(id, x.Environment):
		return nil, wrongEnvironment()
	}
	return id, nil
}

func (c *checkpoint) admit(x *pipeline.Exchange, id *pipeline.Identity) {
	d := pipeline.Decision{Stage: c.name, Rule: id.Scheme, Verdict: pipeline.Pass}
	if id == anonymous {
		d.Code, id = CodeAnonymous, nil
	}
	x.Identity = id
	x.Decide(d)
}

// refuse turns err into the Problem of the client, and records a reason that
// is not for the client, or the limit that refuses.
func (c *checkpoint) refuse(x *pipeline.Exchange, err error) error {
	x.Identity = nil
	p := challenged(problem(err), c.challenges)
	var reason Reason
	var rule limitRule
	switch {
	case errors.As(p.Cause, &reason):
		x.Decide(pipeline.Decision{Stage: c.name, Verdict: pipeline.Deny, Code: string(reason)})
	case errors.As(p.Cause, &rule):
		x.Decide(pipeline.Decision{Stage: c.name, Rule: string(rule), Verdict: pipeline.Deny, Code: p.Code})
	}
	return p
}

func problem(err error) *pipeline.Problem {
	var p *pipeline.Problem
	switch {
	case errors.As(err, &p) && p != nil:
		return p
	case errors.Is(err, ErrNoCredentials):
		return pipeline.Refuse(http.StatusUnauthorized, CodeCredentialsMissing, detailMissing)
	}
	return pipeline.Refuse(http.StatusServiceUnavailable, CodeUnavailable, detailUnavailable).Because(err)
}

// fits reports whether the credential is good for the environment.
func fits(id *pipeline.Identity, environment string) bool {
	return id.Environment == "" || id.Environment == environment
}

func wrongEnvironment() *pipeline.Problem {
	return pipeline.Refuse(http.StatusUnauthorized, CodeWrongEnvironment, detailWrongEnvironment)
}

// panicked describes a panic. Its value may hold what the authenticator had
// before it, a credential for instance, so only the runtime's own are told.
func panicked(p any) error {
	if re, ok := p.(runtime.Error); ok {
		return fmt.Errorf("authenticator panicked: %w", re)
	}
	return fmt.Errorf("authenticator panicked with a %T", p)
}

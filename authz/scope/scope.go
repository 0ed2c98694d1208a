package scope

import (
	"context"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// CodeMissing is of callers who do not hold what is asked for: 403.
const CodeMissing = "scope_missing"

// Config holds the settings of the kind "scopes".
type Config struct {
	// All lists scopes of which the caller holds every one.
	All []string `json:"all,omitempty"`
	// Any lists scopes of which the caller holds one at least.
	Any []string `json:"any,omitempty"`
	// Hide answers 404, as if there were no such route, where it would answer
	// 403. Default false.
	Hide bool `json:"hide,omitempty"`
}

// Validate reports settings that ask for nothing, or for an empty scope.
func (c Config) Validate() error { return authz.CheckNames("scope", c.All, c.Any) }

// New makes the authorizer of c, which allows who holds all of All and one of
// Any.
func New(c Config) (authz.Authorizer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return authorizer{c}, nil
}

type authorizer struct{ Config }

// Authorize implements authz.Authorizer. The rule of a refusal is the scope
// that is missing.
func (a authorizer) Authorize(_ context.Context, x *pipeline.Exchange) (authz.Answer, error) {
	if name, missing := authz.MissingName(Held(x), a.All, a.Any); missing {
		return authz.Answer{Rule: name, Code: CodeMissing, Hide: a.Hide}, nil
	}
	return authz.Answer{Allow: true}, nil
}

// Held returns the scopes that count on this exchange: those that were granted
// or, where nothing was granted, those of the credential. Nobody holds none.
func Held(x *pipeline.Exchange) []string {
	switch {
	case x.Grant != nil:
		return x.Grant.Scopes
	case x.Identity != nil:
		return x.Identity.Scopes
	}
	return nil
}

package scope

import (
	"context"
	"slices"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
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
func (c Config) Validate() error {
	var faults registry.Faults
	if len(c.All) == 0 && len(c.Any) == 0 {
		faults.Add("", "want scopes in all, in any or in both")
	}
	if slices.Contains(c.All, "") {
		faults.Add("/all", "an empty scope is held by nobody")
	}
	if slices.Contains(c.Any, "") {
		faults.Add("/any", "an empty scope is held by nobody")
	}
	return faults.Err()
}

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
	held := Held(x)
	for _, s := range a.All {
		if !slices.Contains(held, s) {
			return a.deny(s), nil
		}
	}
	if len(a.Any) > 0 && !slices.ContainsFunc(a.Any, func(s string) bool { return slices.Contains(held, s) }) {
		return a.deny(a.Any[0]), nil
	}
	return authz.Answer{Allow: true}, nil
}

func (a authorizer) deny(missing string) authz.Answer {
	return authz.Answer{Rule: missing, Code: CodeMissing, Hide: a.Hide}
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

package rbac

import (
	"context"
	"slices"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// CodeMissing is of callers who have no role that is asked for: 403.
const CodeMissing = "role_missing"

// Config holds the settings of the kind "roles".
type Config struct {
	// Any lists roles of which the caller has one at least.
	Any []string `json:"any,omitempty"`
	// All lists roles of which the caller has every one.
	All []string `json:"all,omitempty"`
	// Hide answers 404, as if there were no such route, where it would answer
	// 403. Default false.
	Hide bool `json:"hide,omitempty"`
}

// Validate reports settings that ask for nothing, or for an empty role.
func (c Config) Validate() error { return authz.CheckNames("role", c.All, c.Any) }

// New makes the authorizer of c, which allows who has all of All and one of
// Any.
func New(c Config) (authz.Authorizer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return authorizer{c}, nil
}

type authorizer struct{ Config }

// Authorize implements authz.Authorizer. The rule is the role that decided:
// the one that the caller has of Any, or the one that is missing.
func (a authorizer) Authorize(_ context.Context, x *pipeline.Exchange) (authz.Answer, error) {
	var has []string
	if x.Identity != nil {
		has = x.Identity.Roles
	}
	if name, missing := authz.MissingName(has, a.All, a.Any); missing {
		return authz.Answer{Rule: name, Code: CodeMissing, Hide: a.Hide}, nil
	}
	answer := authz.Answer{Allow: true}
	if i := slices.IndexFunc(a.Any, func(role string) bool { return slices.Contains(has, role) }); i >= 0 {
		answer.Rule = a.Any[i]
	}
	return answer, nil
}

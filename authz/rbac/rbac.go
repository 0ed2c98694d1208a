package rbac

import (
	"context"
	"slices"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
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
func (c Config) Validate() error {
	var faults registry.Faults
	if len(c.All) == 0 && len(c.Any) == 0 {
		faults.Add("", "want roles in any, in all or in both")
	}
	if slices.Contains(c.All, "") {
		faults.Add("/all", "nobody has an empty role")
	}
	if slices.Contains(c.Any, "") {
		faults.Add("/any", "nobody has an empty role")
	}
	return faults.Err()
}

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
	for _, role := range a.All {
		if !slices.Contains(has, role) {
			return a.deny(role), nil
		}
	}
	if len(a.Any) == 0 {
		return authz.Answer{Allow: true}, nil
	}
	for _, role := range a.Any {
		if slices.Contains(has, role) {
			return authz.Answer{Allow: true, Rule: role}, nil
		}
	}
	return a.deny(a.Any[0]), nil
}

func (a authorizer) deny(missing string) authz.Answer {
	return authz.Answer{Rule: missing, Code: CodeMissing, Hide: a.Hide}
}

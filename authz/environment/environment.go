package environment

import (
	"context"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Codes of the refusals, both 403.
const (
	CodeMissing = "environment_missing" // nobody is calling, or a credential of no environment
	CodeWrong   = "environment_wrong"   // a credential of another environment
)

// Config holds the settings of the kind "environment".
type Config struct {
	// Hide answers 404, as if there were no such route, where it would answer
	// 403. Default false.
	Hide bool `json:"hide,omitempty"`
}

// New makes an authorizer that allows credentials of the environment of the
// exchange.
func New(c Config) authz.Authorizer { return authorizer{c} }

type authorizer struct{ Config }

// Authorize implements authz.Authorizer. The rule is the environment.
func (a authorizer) Authorize(_ context.Context, x *pipeline.Exchange) (authz.Answer, error) {
	answer := authz.Answer{Rule: x.Environment, Hide: a.Hide}
	switch {
	case x.Identity == nil || x.Identity.Environment == "" || x.Environment == "":
		answer.Code = CodeMissing
	case x.Identity.Environment != x.Environment:
		answer.Code = CodeWrong
	default:
		answer.Allow = true
	}
	return answer, nil
}

package authz

import (
	"context"
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const deny = "deny"

// DenyConfig holds the settings of the kind "deny".
type DenyConfig struct {
	// Hide answers 404, as if there were no such route, and not 403. Default
	// false.
	Hide bool `json:"hide,omitempty"`
}

// DenyKind returns the kind "deny", which closes the route: one stage, in
// phase Guard, that refuses before anything is asked of the caller.
func DenyKind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(deny, func(env *pipeline.Env, c DenyConfig) ([]pipeline.Stage, error) {
		return []pipeline.Stage{denyStage(nameOr(env, deny), c.Hide)}, nil
	})
}

// DenyPolicy returns the policy that nobody may call the route: 403.
func DenyPolicy() registry.Policy { return registry.NewPolicy(deny, DenyConfig{}) }

// HidePolicy returns the policy that nobody may call the route, nor learn that
// it is there: 404.
func HidePolicy() registry.Policy { return registry.NewPolicy(deny, DenyConfig{Hide: true}) }

func denyStage(name string, hide bool) pipeline.Stage {
	return pipeline.Stage{
		Name: name, Phase: pipeline.Guard,
		Vary: func(*pipeline.Exchange) string { return "" },
		Wrap: func(pipeline.Handler) pipeline.Handler {
			return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
				x.Decide(pipeline.Decision{Stage: name, Rule: deny, Verdict: pipeline.Deny, Code: CodeDenied})
				return nil, refusal(CodeDenied, hide)
			}
		},
	}
}

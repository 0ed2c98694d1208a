package authz

import (
	"context"
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const public = "public"

// PublicConfig holds the settings of the kind "public": there are none.
type PublicConfig struct{}

// PublicKind returns the kind "public", which declares that everybody may call
// the route: one stage, in phase Authorize, that passes and says so.
func PublicKind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(public, func(env *pipeline.Env, _ PublicConfig) ([]pipeline.Stage, error) {
		return []pipeline.Stage{publicStage(nameOr(env, public))}, nil
	})
}

// PublicPolicy returns the policy that everybody may call the route.
func PublicPolicy() registry.Policy { return registry.NewPolicy(public, PublicConfig{}) }

func publicStage(name string) pipeline.Stage {
	return pipeline.Stage{
		Name: name, Phase: pipeline.Authorize,
		Vary: func(*pipeline.Exchange) string { return "" },
		Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				pass(x, name)
				return next(ctx, x)
			}
		},
	}
}

// pass records that the stage lets x through. It is not inlined: a decision on
// the stack of all that follows would have each goroutine of HTTP/2, which is
// begun for one exchange, grow its stack.
//
//go:noinline
func pass(x *pipeline.Exchange, name string) {
	x.Decide(pipeline.Decision{Stage: name, Rule: public, Verdict: pipeline.Pass})
}

// nameOr returns the name of the policy, or other in tests that give none.
func nameOr(env *pipeline.Env, other string) string {
	if env.Name == "" {
		return other
	}
	return env.Name
}

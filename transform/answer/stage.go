package answer

import (
	"cmp"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const (
	respondKind  = "respond"
	redirectKind = "redirect"
)

// RespondKind is the policy kind respond.
func RespondKind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(respondKind, func(env *pipeline.Env, c RespondConfig) ([]pipeline.Stage, error) {
		s, err := Respond(cmp.Or(env.Name, respondKind), c)
		return []pipeline.Stage{s}, err
	})
}

// RespondPolicy is a policy of the kind respond.
func RespondPolicy(c RespondConfig) registry.Policy { return registry.NewPolicy(respondKind, c) }

// RedirectKind is the policy kind redirect.
func RedirectKind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(redirectKind, func(env *pipeline.Env, c RedirectConfig) ([]pipeline.Stage, error) {
		s, err := Redirect(cmp.Or(env.Name, redirectKind), c, env.Route)
		return []pipeline.Stage{s}, err
	})
}

// RedirectPolicy is a policy of the kind redirect.
func RedirectPolicy(c RedirectConfig) registry.Policy { return registry.NewPolicy(redirectKind, c) }

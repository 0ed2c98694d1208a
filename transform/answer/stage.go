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

// RespondKind returns the kind "respond".
func RespondKind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(respondKind, func(env *pipeline.Env, c RespondConfig) ([]pipeline.Stage, error) {
		s, err := Respond(cmp.Or(env.Name, respondKind), c)
		return []pipeline.Stage{s}, err
	})
}

// RespondPolicy returns the policy of the settings.
func RespondPolicy(c RespondConfig) registry.Policy { return registry.NewPolicy(respondKind, c) }

// RedirectKind returns the kind "redirect".
func RedirectKind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(redirectKind, func(env *pipeline.Env, c RedirectConfig) ([]pipeline.Stage, error) {
		s, err := Redirect(cmp.Or(env.Name, redirectKind), c, env.Route)
		return []pipeline.Stage{s}, err
	})
}

// RedirectPolicy returns the policy of the settings.
func RedirectPolicy(c RedirectConfig) registry.Policy { return registry.NewPolicy(redirectKind, c) }

package jwt

import (
	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const kindName = "jwt"

// Kind returns the kind "jwt" of authenticators.
func Kind(opts ...Option) pipeline.Kind[authn.Authenticator] {
	return pipeline.NewKind(kindName, func(env *pipeline.Env, c Config) (authn.Authenticator, error) {
		return New(env, c, opts...)
	})
}

// Policy returns the authenticator of the settings, for a list of package authn:
//
//	authn.Policy(authn.Config{AnyOf: []registry.Policy{jwt.Policy(c)}})
func Policy(c Config) registry.Policy { return registry.NewPolicy(kindName, c) }

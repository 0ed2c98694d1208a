package apikey

import (
	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Kind returns the kind "api_key" of authenticators.
func Kind() pipeline.Kind[authn.Authenticator] {
	return pipeline.NewKind(scheme, func(env *pipeline.Env, c Config) (authn.Authenticator, error) {
		secret, err := env.Secret(c.Secret)
		if err != nil {
			return nil, registry.At("/secret", err)
		}
		return New(env.Directory, secret, c)
	})
}

// Policy returns the authenticator of the settings, for a list of package authn:
//
//	authn.Policy(authn.Config{AnyOf: []registry.Policy{apikey.Policy(c)}})
func Policy(c Config) registry.Policy { return registry.NewPolicy(scheme, c) }

package subscription

import (
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const kindName = "subscription"

// Config holds the settings of the kind "subscription".
type Config struct {
	// API is the product that has to be subscribed to, with its version:
	// "users/v2". Default: the API of the route. A route of no API has to name
	// one here.
	API string `json:"api,omitempty"`
	// Hide answers 404, as if there were no such route, where it would answer
	// 403. Default false.
	Hide bool `json:"hide,omitempty"`
}

// Kind returns the kind "subscription": one stage, in phase Authorize.
func Kind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kindName, func(env *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		a, err := build(env, c)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{authz.Stage(authz.StageName(env, kindName), a)}, nil
	})
}

// Policy returns the policy of the settings.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kindName, c) }

func build(env *pipeline.Env, c Config) (authz.Authorizer, error) {
	if c.API == "" && env.Route != nil {
		c.API = env.Route.API
	}
	return New(env.Directory, c)
}

package ipset

import (
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const kindName = "allow_ips"

// Kind returns the kind "allow_ips": one stage, in phase Authorize.
func Kind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kindName, func(env *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		a, err := New(c)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{authz.Stage(authz.StageName(env, kindName), a)}, nil
	})
}

// Policy returns the policy of the settings.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kindName, c) }

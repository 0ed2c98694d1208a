package cors

import (
	"cmp"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const kind = "cors"

// Stage makes the stage of one route; nil is the edge chain.
func Stage(name string, c Config, route *registry.Route) (pipeline.Stage, error) {
	if err := c.Validate(); err != nil {
		return pipeline.Stage{}, err
	}
	return pipeline.Stage{
		Name: name, Phase: pipeline.Observe,
		Wrap: newSharer(name, c, route).wrap,
		Vary: func(x *pipeline.Exchange) string { return x.In.Header.Get("Origin") },
	}, nil
}

// Kind returns the kind "cors".
func Kind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kind, func(env *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		s, err := Stage(cmp.Or(env.Name, kind), c, env.Route)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{s}, nil
	})
}

// Policy returns the policy of the settings.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kind, c) }

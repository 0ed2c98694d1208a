package header

import (
	"cmp"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform"
)

const kind = "headers"

// Kind returns the kind "headers".
func Kind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kind, func(env *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		ed, err := New(c, env.Route)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{transform.Stage(cmp.Or(env.Name, kind), pipeline.Transform, ed)}, nil
	})
}

// Policy returns the policy of the settings.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kind, c) }

package mask

import (
	"cmp"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform"
)

const kind = "mask"

// Kind is the policy kind mask.
func Kind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kind, func(env *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		name := cmp.Or(env.Name, kind)
		m, err := New(name, c)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{transform.Stage(name, pipeline.Transform, m)}, nil
	})
}

// Policy is a policy of the kind mask.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kind, c) }

package fields

import (
	"cmp"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform"
)

const kind = "select"

// Kind is the policy kind select.
func Kind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kind, func(env *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		name := cmp.Or(env.Name, kind)
		s, err := New(name, c)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{transform.Stage(name, pipeline.Transform, s)}, nil
	})
}

// Policy is a policy of the kind select.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kind, c) }

package problem

import (
	"cmp"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform"
)

const kind = "problems"

// Kind is the policy kind problems.
func Kind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kind, func(env *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		name := cmp.Or(env.Name, kind)
		t, err := New(name, c)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{transform.Stage(name, pipeline.Sanitize, t)}, nil
	})
}

// Policy is a policy of the kind problems.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kind, c) }

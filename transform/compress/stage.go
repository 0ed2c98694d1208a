package compress

import (
	"cmp"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform"
)

const kind = "compress"

// Kind returns the kind "compress". All routes share one set of encoders.
func Kind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kind, func(env *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		all, err := pipeline.Shared(env, kind, func(*pipeline.Env) (benches, error) { return newBenches() })
		if err != nil {
			return nil, err
		}
		name := cmp.Or(env.Name, kind)
		comp, err := newCompressor(name, c, all)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{transform.Stage(name, pipeline.Observe, comp)}, nil
	})
}

// Policy returns the policy of the settings.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kind, c) }

package correlation

import (
	"cmp"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform"
)

const kind = "correlation_id"

// Kind returns the kind "correlation_id".
func Kind(opts ...Option) pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kind, func(env *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		cor, err := New(c, opts...)
		if err != nil {
			return nil, err
		}
		cor.name = cmp.Or(env.Name, kind)
		return []pipeline.Stage{transform.Stage(cor.name, pipeline.Observe, cor)}, nil
	})
}

// Policy returns the policy of the settings.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kind, c) }

package tracing

import (
	"cmp"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const kind = "trace"

// Kind is the policy kind trace. For a route it makes the stage of the exchange
// and that of its attempts. For the edge chain, and for a route that answers by
// itself, there are no attempts.
func Kind(opts ...Option) pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kind, func(env *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		t, err := New(c, opts...)
		if err != nil {
			return nil, err
		}
		t.name = cmp.Or(env.Name, kind)
		if env.Route == nil || env.Route.Upstream == "" {
			return []pipeline.Stage{t.Stage()}, nil
		}
		return []pipeline.Stage{t.Stage(), t.Attempt()}, nil
	})
}

// Policy is a policy of the kind trace.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kind, c) }

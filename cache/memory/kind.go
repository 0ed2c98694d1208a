package memory

import (
	"context"
	"time"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const (
	kindName = "memory"
	// sweepEvery is how often what has expired is removed.
	sweepEvery = time.Minute
)

// Kind returns the kind "memory" of stores. Caches with the same settings
// share one Store, which outlives reloads.
func Kind() pipeline.Kind[cache.Store] {
	return pipeline.NewKind(kindName, func(env *pipeline.Env, c Config) (cache.Store, error) {
		return pipeline.Shared(env, "cache "+kindName+" "+c.Size.Or(defaultSize).String(), func(env *pipeline.Env) (cache.Store, error) {
			s := New(c)
			env.Go(s.sweep)
			return s, nil
		})
	})
}

// Policy names the store in the settings of a cache.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kindName, c) }

// sweep sweeps now and then, until ctx ends.
func (s *Store) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.Sweep()
		}
	}
}

package cache

import (
	"errors"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const (
	kindName   = "cache"
	memoryName = "memory"
)

// Kind returns the kind "cache": one stage, in phase Cache. Without a store in
// its settings it asks for the kind "memory" of the package cache/memory.
func Kind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kindName, func(env *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		store, err := storeOf(env, c.Store)
		if err != nil {
			return nil, err
		}
		stage, err := New(env, store, c)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{stage}, nil
	})
}

// Policy returns the policy of the settings.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kindName, c) }

func storeOf(env *pipeline.Env, store *registry.Policy) (Store, error) {
	if store == nil {
		store = &registry.Policy{Kind: memoryName}
	}
	s, err := pipeline.Make[Store](env, *store)
	if err != nil {
		return nil, registry.At("/store/"+registry.Escape(store.Kind), err)
	}
	return s, nil
}

// FixedConfig holds the settings of a kind that Fixed makes: there are none.
type FixedConfig struct{}

// Fixed makes a kind of one ready store, so that a configuration can name what
// the program brings: store: {cluster: {}}.
func Fixed(name string, s Store) pipeline.Kind[Store] {
	return pipeline.NewKind(name, func(*pipeline.Env, FixedConfig) (Store, error) {
		if s == nil {
			return nil, errors.New("the store of " + name + " is nil")
		}
		return s, nil
	})
}

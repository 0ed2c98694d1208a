package ratelimit

import (
	"errors"
	"strconv"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const (
	kindName   = "rate_limit"
	memoryName = "memory"
)

// Kind returns the kind "rate_limit": one stage, in phase Guard where it counts
// per address, and in phase Limit otherwise.
func Kind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kindName, func(env *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		l, err := limiterOf(env, c.Store)
		if err != nil {
			return nil, err
		}
		stage, err := New(env, l, c)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{stage}, nil
	})
}

// Policy returns the policy of the settings.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kindName, c) }

func limiterOf(env *pipeline.Env, store *registry.Policy) (Limiter, error) {
	if store == nil {
		return sharedMemory(env, MemoryConfig{})
	}
	l, err := pipeline.Make[Limiter](env, *store)
	if err != nil {
		return nil, registry.At("/store/"+registry.Escape(store.Kind), err)
	}
	return l, nil
}

// MemoryKind returns the kind "memory" of limiters. Policies with the same
// settings share one Memory, which outlives reloads.
func MemoryKind() pipeline.Kind[Limiter] {
	return pipeline.NewKind(memoryName, sharedMemory)
}

func sharedMemory(env *pipeline.Env, c MemoryConfig) (Limiter, error) {
	key := memoryName
	if c.MaxKeys > 0 {
		key += " " + strconv.Itoa(c.MaxKeys)
	}
	return pipeline.Shared(env, key, func(*pipeline.Env) (Limiter, error) { return NewMemory(c), nil })
}

// FixedConfig holds the settings of a kind that Fixed makes: there are none.
type FixedConfig struct{}

// Fixed makes a kind of one ready limiter, so that a configuration can name
// what the program brings: store: {cluster: {}}.
func Fixed(name string, l Limiter) pipeline.Kind[Limiter] {
	return pipeline.NewKind(name, func(*pipeline.Env, FixedConfig) (Limiter, error) {
		if l == nil {
			return nil, errors.New("the limiter of " + name + " is nil")
		}
		return l, nil
	})
}

package redislimit

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/rueidis"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

const kindName = "redis"

var errNoClient = errors.New("this gateway was started without a Redis")

// Kind returns the kind "redis" of limiters, which count with the client:
// store: {redis: {}}. The client stays its owner's to close. Where it is nil,
// policies that name the kind are at fault, with a reason that says so. The
// watches see the limiters that it makes.
func Kind(client rueidis.Client, watches ...*Watch) pipeline.Kind[ratelimit.Limiter] {
	return kind(watches, func(env *pipeline.Env, c Config) (*Limiter, error) {
		if client == nil {
			return nil, errNoClient
		}
		return New(client, c.options(env)...), nil
	})
}

// KindFromURL is Kind with a client of its own for the URL, as Open makes it:
// the gateway starts also while Redis is away. Readiness waits for the first
// attempt to connect, whatever comes of it. An empty URL is no client.
func KindFromURL(url string, watches ...*Watch) pipeline.Kind[ratelimit.Limiter] {
	return kind(watches, func(env *pipeline.Env, c Config) (*Limiter, error) {
		if url == "" {
			return nil, errNoClient
		}
		l, err := open(url, c.options(env)...)
		if err != nil {
			return nil, err
		}
		env.Go(func(context.Context) { l.connect() }) // bounded by the timeouts of the dialer
		env.Needs(l.dialer.tried.Load)
		return l, nil
	})
}

// kind makes policies with the same settings share one Limiter, which outlives
// reloads.
func kind(watches []*Watch, make func(*pipeline.Env, Config) (*Limiter, error)) pipeline.Kind[ratelimit.Limiter] {
	return pipeline.NewKind(kindName, func(env *pipeline.Env, c Config) (ratelimit.Limiter, error) {
		key := fmt.Sprintf("%s %v %v %q", kindName, c.Timeout, c.Probe, c.Prefix)
		l, err := pipeline.Shared(env, key, func(env *pipeline.Env) (*Limiter, error) {
			l, err := make(env, c)
			if err != nil {
				return nil, err
			}
			l.watchedBy(watches)
			return l, nil
		})
		if err != nil {
			return nil, err
		}
		return l, nil
	})
}

// Store returns the store of a ratelimit.Config:
//
//	ratelimit.Config{Store: redislimit.Store(redislimit.Config{}), OnError: "local"}
func Store(c Config) *registry.Policy {
	p := registry.NewPolicy(kindName, c)
	return &p
}

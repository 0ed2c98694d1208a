package ratelimit

import (
	"cmp"
	"context"
	"net/http"
	"sync"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const inFlightKindName = "in_flight"

// NewInFlightStage makes a stage that counts with f, under the name of env.
func NewInFlightStage(env *pipeline.Env, f *InFlight, c InFlightConfig) (pipeline.Stage, error) {
	if err := c.Validate(); err != nil {
		return pipeline.Stage{}, err
	}
	name := cmp.Or(env.Name, inFlightKindName)
	// Buckets are told apart by the limits of their policy; what is under way is
	// not, and counts on under another bound.
	keys, err := newKeyer(env, name, c.limit())
	if err != nil {
		return pipeline.Stage{}, err
	}
	p := &inFlightPolicy{name: name, flights: f, keys: keys, most: c.Max}
	return pipeline.Stage{Name: name, Phase: c.phase(), Wrap: p.wrap}, nil
}

// An inFlightPolicy is the stage of one route.
type inFlightPolicy struct {
	name    string
	flights *InFlight
	keys    keyer
	most    int // 0: what the plan says
	pool    sync.Pool
}

func (p *inFlightPolicy) wrap(next pipeline.Handler) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		if err := p.check(x); err != nil {
			return nil, err
		}
		return next(ctx, x)
	}
}

// check has x counted to its end, however it ends, or returns its refusal.
func (p *inFlightPolicy) check(x *pipeline.Exchange) error {
	most := p.most
	if most == 0 {
		if x.Subscription == nil {
			return keyMissing()
		}
		if x.Subscription.Plan == nil || x.Subscription.Plan.InFlight == 0 {
			x.Decide(pipeline.Decision{Stage: p.name, Verdict: pipeline.Pass, Code: CodeUnlimited})
			return nil
		}
		most = x.Subscription.Plan.InFlight
	}
	room := p.get()
	defer p.pool.Put(room)
	key, ok := p.keys.append((*room)[:0], x)
	if *room = key; !ok {
		return keyMissing()
	}
	e := p.flights.enter(key, most)
	if e == nil {
		return pipeline.Refuse(http.StatusTooManyRequests, CodeInFlight,
			"Too many of your requests are under way; try again when one has ended.").With("Retry-After", "1")
	}
	x.AtEnd(e)
	x.Decide(pipeline.Decision{Stage: p.name, Verdict: pipeline.Pass})
	return nil
}

func (p *inFlightPolicy) get() *[]byte {
	if room, ok := p.pool.Get().(*[]byte); ok {
		return room
	}
	return new([]byte)
}

// InFlightKind returns the kind "in_flight": one stage, in phase Guard where it
// counts per address, and in phase Limit otherwise. What is under way is
// counted within this process, over reloads.
func InFlightKind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(inFlightKindName, func(env *pipeline.Env, c InFlightConfig) ([]pipeline.Stage, error) {
		f, err := pipeline.Shared(env, inFlightKindName, func(*pipeline.Env) (*InFlight, error) { return NewInFlight(), nil })
		if err != nil {
			return nil, err
		}
		stage, err := NewInFlightStage(env, f, c)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{stage}, nil
	})
}

// InFlightPolicy returns the policy of the settings.
func InFlightPolicy(c InFlightConfig) registry.Policy { return registry.NewPolicy(inFlightKindName, c) }

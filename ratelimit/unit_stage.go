package ratelimit

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit/internal/units"
	"github.com/seed-f9645bd3/gateway/registry"
)

const unitKindName = "unit_limit"

var errNoCharger = errors.New("this limiter cannot be charged for what has been used already")

// NewUnits makes a stage that counts the units of answers with l, under the
// name of env. l is a Charger, or it is refused. What c says of its store does
// not count.
func NewUnits(env *pipeline.Env, l Limiter, c UnitConfig) (pipeline.Stage, error) {
	if err := c.Validate(); err != nil {
		return pipeline.Stage{}, err
	}
	if _, ok := l.(Charger); !ok {
		return pipeline.Stage{}, registry.At("/store", errNoCharger)
	}
	name, limit := cmp.Or(env.Name, unitKindName), c.limit()
	as := naming{own: cmp.Or(ownName(name, unitKindName), c.Unit), unit: quotaUnit(c.Unit), share: limit.share()}
	p, err := newPolicy(env, l, limit, name+" "+c.Unit, as)
	if err != nil {
		return pipeline.Stage{}, err
	}
	p.name, p.refusal = name, spent
	if limit.fromPlan() {
		p.tiers = newTiers(as, c.Unit)
	}
	u := &unitPolicy{
		policy: p, unit: c.Unit, reserve: cmp.Or(c.Reserve, 1), cut: c.Over == overCut,
		every: c.Every.Or(defaultEvery), estimate: c.estimate(),
	}
	if u.paths, err = c.paths(); err != nil {
		return pipeline.Stage{}, err
	}
	return pipeline.Stage{Name: name, Phase: limit.phase(), Wrap: u.wrap}, nil
}

// quotaUnit names a unit as draft-ietf-httpapi-ratelimit-headers does, where it
// does.
func quotaUnit(unit string) string {
	if unit == unitBytes {
		return "content-bytes"
	}
	return unit
}

// A unitPolicy is the stage of one route. It lets pass as a policy does, with a
// reserve, and counts the answer.
type unitPolicy struct {
	*policy
	unit     string
	reserve  int64
	cut      bool
	every    time.Duration
	estimate Estimate
	paths    []units.Path
}

func (p *unitPolicy) wrap(next pipeline.Handler) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		m, err := p.admit(ctx, x)
		if err != nil {
			return nil, err
		}
		p.ask(x)
		x.AtEnd(m) // however it ends: also by an error or a panic
		resp, err := next(ctx, x)
		if err != nil {
			return nil, err
		}
		if err := m.watch(resp); err != nil {
			_ = resp.Body.Close()
			return nil, err
		}
		return resp, nil
	}
}

// ask has the backend give what can be counted.
func (p *unitPolicy) ask(x *pipeline.Exchange) {
	if p.unit == unitBytes {
		return
	}
	if asked := x.Values("Accept-Encoding"); len(asked) != 1 || asked[0] != "identity" {
		x.Set("Accept-Encoding", "identity")
	}
}

// admit spends the reserve, and returns what meters the exchange, or its
// refusal.
func (p *unitPolicy) admit(ctx context.Context, x *pipeline.Exchange) (*meter, error) {
	r, err := p.bind(x)
	if err != nil {
		return nil, err
	}
	m := newMeter(p, r)
	if r == nil {
		return m, nil
	}
	s := scratches.Get().(*scratch)
	defer s.release()
	if err := p.check(ctx, x, r, s, p.reserve); err != nil {
		return nil, err
	}
	m.admitted(s)
	return m, nil
}

func spent(after time.Duration) *pipeline.Problem {
	wait := strconv.FormatInt(max(seconds(after), 1), 10)
	return pipeline.Refuse(http.StatusTooManyRequests, CodeSpent,
		"What may be used at present is used up; try again in "+wait+" s.").With("Retry-After", wait)
}

// UnitKind returns the kind "unit_limit": one stage, in phase Guard where it
// counts per address, and in phase Limit otherwise.
func UnitKind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(unitKindName, func(env *pipeline.Env, c UnitConfig) ([]pipeline.Stage, error) {
		l, err := limiterOf(env, c.Store)
		if err != nil {
			return nil, err
		}
		stage, err := NewUnits(env, l, c)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{stage}, nil
	})
}

// UnitPolicy returns the policy of the settings.
func UnitPolicy(c UnitConfig) registry.Policy { return registry.NewPolicy(unitKindName, c) }

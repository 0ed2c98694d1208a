package ratelimit

import (
	"hash/maphash"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/registry"
)

// tiers remembers the rules of the plans of late, so that none are made for
// each request. Plans are never altered, so the address of one stands for its
// content. It is a fixed table in which a later entry takes the place of an
// earlier one, without a lock.
type tiers struct {
	as    naming
	unit  string // whose limits of the plan count; empty for those of requests
	seed  maphash.Seed
	slots [tierSlots]atomic.Pointer[tier]
}

const tierSlots = 32

type tier struct {
	plan  *registry.Plan
	rules *rules
}

func newTiers(as naming, unit string) *tiers {
	return &tiers{as: as, unit: unit, seed: maphash.MakeSeed()}
}

// of returns the rules of a plan, nil where it has no limits.
func (t *tiers) of(plan *registry.Plan) *rules {
	if plan == nil || len(t.limits(plan)) == 0 {
		return nil
	}
	slot := &t.slots[maphash.Comparable(t.seed, plan)%tierSlots]
	if known := slot.Load(); known != nil && known.plan == plan {
		return known.rules
	}
	made := &tier{plan, newRules(t.as, t.limits(plan))}
	if t.unit != "" { // what is owed under one plan is not owed under another
		made.rules.mark = digestOf(t.limits(plan))
	}
	slot.Store(made)
	return made.rules
}

func (t *tiers) limits(plan *registry.Plan) []registry.Limit {
	if t.unit != "" {
		return plan.Units.Of(t.unit)
	}
	return plan.Limits
}

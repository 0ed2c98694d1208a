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
	own   string
	share float64
	seed  maphash.Seed
	slots [tierSlots]atomic.Pointer[tier]
}

const tierSlots = 32

type tier struct {
	plan  *registry.Plan
	rules *rules
}

func newTiers(own string, share float64) *tiers {
	return &tiers{own: own, share: share, seed: maphash.MakeSeed()}
}

// of returns the rules of a plan, nil where it has no limits.
func (t *tiers) of(plan *registry.Plan) *rules {
	if plan == nil || len(plan.Limits) == 0 {
		return nil
	}
	slot := &t.slots[maphash.Comparable(t.seed, plan)%tierSlots]
	if known := slot.Load(); known != nil && known.plan == plan {
		return known.rules
	}
	made := &tier{plan, newRules(t.own, t.share, plan.Limits)}
	slot.Store(made)
	return made.rules
}

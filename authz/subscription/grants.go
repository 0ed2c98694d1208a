package subscription

import (
	"hash/maphash"
	"slices"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// grants remembers the Grants of late, so that none is made for each request.
// It is a fixed table in which a later entry takes the place of an earlier
// one: a miss costs one allocation, a hit none, and there is no lock.
//
// Subscriptions are never altered, so the address of one stands for its
// content; an entry keeps it from being used for another.
type grants struct {
	seed  maphash.Seed
	slots [grantSlots]atomic.Pointer[granted]
}

const grantSlots = 4096 // 32 KiB, once for each gateway

type granted struct {
	subscription *registry.Subscription
	held         []string // the scopes of the identity
	grant        *pipeline.Grant
}

func newGrants() *grants { return &grants{seed: maphash.MakeSeed()} }

// of returns what s grants to a caller who holds the scopes. A caller without
// any, such as one with an API key, is not bounded by them.
func (g *grants) of(s *registry.Subscription, held []string) *pipeline.Grant {
	slot := &g.slots[g.index(s, held)]
	if e := slot.Load(); e != nil && e.subscription == s && slices.Equal(e.held, held) {
		return e.grant
	}
	e := &granted{s, held, &pipeline.Grant{Scopes: allowed(s.Scopes, held)}}
	slot.Store(e)
	return e.grant
}

func (g *grants) index(s *registry.Subscription, held []string) uint64 {
	sum := maphash.Comparable(g.seed, s)
	for _, scope := range held {
		sum = sum*31 + maphash.String(g.seed, scope)
	}
	return sum % grantSlots
}

// allowed returns the scopes of the subscription that the caller holds too.
func allowed(scopes, held []string) []string {
	if len(held) == 0 {
		return scopes
	}
	both := make([]string, 0, min(len(scopes), len(held)))
	for _, scope := range scopes {
		if slices.Contains(held, scope) {
			both = append(both, scope)
		}
	}
	return both
}

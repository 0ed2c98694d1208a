package poll

import (
	"maps"

	"github.com/seed-f9645bd3/gateway/registry"
)

// held is what the directory has been brought to, by name: enough to tell what
// a feed that begins anew no longer names.
type held struct {
	plans         map[string]bool
	subscriptions map[entitlement]bool
	credentials   map[[32]byte]bool
}

// An entitlement is what identifies a subscription.
type entitlement struct{ consumer, api, environment string }

func newHeld() held {
	return held{plans: map[string]bool{}, subscriptions: map[entitlement]bool{}, credentials: map[[32]byte]bool{}}
}

// from returns the changes that bring a directory from before to what the feed
// says, and what it holds then. before is left as it is where the feed begins
// anew, and taken over otherwise.
func (f feed) from(before held) ([]registry.Change, held) {
	if !f.reset {
		next := held{maps.Clone(before.plans), before.subscriptions, before.credentials}
		if f.removes() { // or a refusal would leave us with what was not applied
			next.subscriptions, next.credentials = maps.Clone(before.subscriptions), maps.Clone(before.credentials)
		}
		next.add(f.changes)
		return f.changes, next
	}
	next := newHeld()
	next.add(f.changes)
	return append(f.changes, before.without(next)...), next
}

func (f feed) removes() bool {
	for _, c := range f.changes {
		if c.Remove {
			return true
		}
	}
	return false
}

func (h held) add(changes []registry.Change) {
	for _, c := range changes {
		switch {
		case c.Plan != nil:
			mark(h.plans, c.Plan.Name, c.Remove)
		case c.Subscription != nil:
			mark(h.subscriptions, entitlementOf(c.Subscription), c.Remove)
		default:
			mark(h.credentials, c.Sum, c.Remove)
		}
	}
}

func mark[K comparable](set map[K]bool, key K, remove bool) {
	if remove {
		delete(set, key)
	} else {
		set[key] = true
	}
}

func entitlementOf(s *registry.Subscription) entitlement {
	return entitlement{s.Consumer, s.API, s.Environment}
}

// without returns the removals of what h holds and next does not: plans last,
// since subscriptions name them.
func (h held) without(next held) []registry.Change {
	var out []registry.Change
	for sum := range h.credentials {
		if !next.credentials[sum] {
			out = append(out, registry.Change{Credential: &registry.Credential{}, Sum: sum, Remove: true})
		}
	}
	for e := range h.subscriptions {
		if !next.subscriptions[e] {
			s := &registry.Subscription{Consumer: e.consumer, API: e.api, Environment: e.environment}
			out = append(out, registry.Change{Subscription: s, Remove: true})
		}
	}
	for name := range h.plans {
		if !next.plans[name] {
			out = append(out, registry.Change{Plan: &registry.Plan{Name: name}, Remove: true})
		}
	}
	return out
}

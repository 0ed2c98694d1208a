package directory

import (
	"github.com/seed-f9645bd3/gateway/registry"
)

// commit makes the changes the directory's own. Nothing in it can fail.
func (b *batch) commit() {
	b.m.size = b.size()
	b.index = b.index.roomFor(b.m.size)
	changed := b.commitPlans()
	b.commitSubscriptions(changed)
	b.commitCredentials()
	if b.m.index.Load() != b.index {
		b.m.index.Store(b.index)
	}
}

// commitPlans returns the plans that have a new value, by the value before.
func (b *batch) commitPlans() map[*registry.Plan]*registry.Plan {
	changed := map[*registry.Plan]*registry.Plan{}
	if b.m.plans == nil {
		b.m.plans = map[string]*plan{}
	}
	for name, w := range b.plans {
		known, ok := b.m.plans[name]
		switch {
		case w.entry == nil:
			delete(b.m.plans, name)
		case !ok:
			b.m.plans[name] = &plan{Plan: w.entry}
		case known.Plan != w.entry:
			changed[known.Plan] = w.entry
			known.Plan = w.entry
		}
	}
	for name, n := range b.uses {
		if p, ok := b.m.plans[name]; ok {
			p.users += n
		}
	}
	b.m.size.Plans = len(b.m.plans)
	return changed
}

// commitSubscriptions does the wanted changes, and gives every other
// subscription of a changed plan a value with the new one.
func (b *batch) commitSubscriptions(changed map[*registry.Plan]*registry.Plan) {
	var edits []edit[subscription]
	for key, w := range b.subscriptions {
		hash := b.index.subscriptionHash(key.consumer, key.api, key.environment)
		was := b.index.subscription(hash, key.consumer, key.api, key.environment)
		if was != nil && w.entry != nil {
			w.entry.share(was)
		}
		edits = append(edits, edit[subscription]{hash, was, w.entry})
	}
	apply(b.index.subscriptions, edits)
	if len(changed) > 0 {
		b.index.replan(changed)
	}
}

func (b *batch) commitCredentials() {
	var edits []edit[credential]
	for sum, w := range b.credentials {
		hash := b.index.credentialHash(&sum)
		edits = append(edits, edit[credential]{hash, b.index.credential(hash, &sum), w.entry})
	}
	apply(b.index.credentials, edits)
}

// size returns how much the directory holds once all changes are done.
func (b *batch) size() Size {
	n := b.m.size
	for key, w := range b.subscriptions {
		hash := b.index.subscriptionHash(key.consumer, key.api, key.environment)
		n.Subscriptions += grown(b.index.subscription(hash, key.consumer, key.api, key.environment), w.entry)
	}
	for sum, w := range b.credentials {
		n.Credentials += grown(b.index.credential(b.index.credentialHash(&sum), &sum), w.entry)
	}
	return n
}

// grown returns by how much a directory grows where now takes the place of was.
func grown[E any](was, now *E) int {
	switch {
	case was == nil && now != nil:
		return 1
	case was != nil && now == nil:
		return -1
	}
	return 0
}

package directory

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/seed-f9645bd3/gateway/registry"
)

// settle judges what the changes refer to as it is once all are done, and
// gives each subscription its plan.
func (b *batch) settle() {
	b.keepEqualPlans()
	for key, w := range b.subscriptions {
		hash := b.index.subscriptionHash(key.consumer, key.api, key.environment)
		if was := b.index.subscription(hash, key.consumer, key.api, key.environment); was != nil && was.Plan != nil {
			b.uses[was.Plan.Name]--
		}
		if w.entry == nil || w.entry.Plan == nil {
			continue
		}
		name := w.entry.Plan.Name
		b.uses[name]++
		if w.entry.Plan = b.plan(name); w.entry.Plan == nil {
			err := fmt.Errorf("subscription %q: %w", w.entry.ID, b.unknownPlan(name))
			b.fault(w.at, registry.Faults{{Field: "/subscription/plan", Err: err}})
		}
	}
	for name, w := range b.plans {
		if users := b.users(name); w.entry == nil && users > 0 {
			err := fmt.Errorf("plan %q cannot be removed: %d subscriptions name it", name, users)
			b.fault(w.at, registry.Faults{{Field: "/plan", Err: err}})
		}
	}
}

// keepEqualPlans leaves a plan as it is where the change says nothing new: all
// subscriptions of a plan share one value.
func (b *batch) keepEqualPlans() {
	for name, w := range b.plans {
		if known, ok := b.m.plans[name]; ok && reflect.DeepEqual(known.Plan, w.entry) {
			w.entry = known.Plan
			b.plans[name] = w
		}
	}
}

// plan returns a plan as it is once all changes are done.
func (b *batch) plan(name string) *registry.Plan {
	if w, ok := b.plans[name]; ok {
		return w.entry
	}
	if p, ok := b.m.plans[name]; ok {
		return p.Plan
	}
	return nil
}

func (b *batch) unknownPlan(name string) error {
	if err, ok := b.unknown[name]; ok {
		return err
	}
	valid := slices.Collect(maps.Keys(b.m.plans))
	for other, w := range b.plans {
		if w.entry != nil {
			valid = append(valid, other)
		}
	}
	valid = slices.DeleteFunc(valid, func(n string) bool { return b.plan(n) == nil })
	slices.Sort(valid)
	b.unknown[name] = registry.Unknown("plan", name, slices.Compact(valid))
	return b.unknown[name]
}

// users returns how many subscriptions name a plan once all changes are done.
func (b *batch) users(name string) int {
	n := b.uses[name]
	if p, ok := b.m.plans[name]; ok {
		n += p.users
	}
	return n
}

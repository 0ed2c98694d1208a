package directory

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-f9645bd3/gateway/registry"
)

// Apply takes changes in, all of them or, where one is faulty, none. The
// error is registry.Faults, with the place in the list as Field.
//
// Of several changes of one entry the last counts; to remove what is not there
// is no fault. A subscription names no plan or one that is known once all
// changes are done, and a plan that a subscription names cannot be removed.
// The values are copied: the caller may go on using them.
//
// The cost of a change does not depend on how much the directory holds by more
// than the copy of one shard; a change of a plan costs one pass through all
// subscriptions, whatever the number of such changes in the list.
func (m *Memory) Apply(changes []registry.Change) error {
	m.writing.Lock()
	defer m.writing.Unlock()
	b := m.begin()
	for i, c := range changes {
		if faults := validate(c); len(faults) > 0 {
			b.fault(i, faults)
			continue
		}
		b.add(c, i)
	}
	if len(b.faults) == 0 {
		b.settle()
	}
	if len(b.faults) > 0 {
		return b.faults
	}
	b.commit()
	return nil
}

// A batch is a list of changes on its way in.
type batch struct {
	m      *Memory
	index  *index
	faults registry.Faults

	plans         map[string]wanted[registry.Plan]
	subscriptions map[subscriptionKey]wanted[registry.Subscription]
	credentials   map[[32]byte]wanted[credential]

	texts map[string]string // one copy of what many subscriptions have in common
	uses  map[string]int    // how many more subscriptions name a plan
}

type subscriptionKey struct{ consumer, api, environment string }

// wanted is what an entry is to be once all changes are done: nil is removed.
type wanted[E any] struct {
	at    int // in the list of changes
	entry *E
}

func (m *Memory) begin() *batch {
	ix := m.index.Load()
	if ix == nil {
		ix = newIndex()
	}
	return &batch{
		m: m, index: ix,
		plans:         map[string]wanted[registry.Plan]{},
		subscriptions: map[subscriptionKey]wanted[registry.Subscription]{},
		credentials:   map[[32]byte]wanted[credential]{},
		texts:         map[string]string{},
		uses:          map[string]int{},
	}
}

// fault notes what is wrong with the change at a place of the list.
func (b *batch) fault(at int, faults registry.Faults) {
	b.faults = append(b.faults, registry.AsFaults(registry.At("/"+strconv.Itoa(at), faults))...)
}

func (b *batch) add(c registry.Change, at int) {
	switch {
	case c.Plan != nil:
		w := wanted[registry.Plan]{at: at}
		if !c.Remove {
			w.entry = clonePlan(c.Plan)
		}
		b.plans[c.Plan.Name] = w
	case c.Subscription != nil:
		s := c.Subscription
		w := wanted[registry.Subscription]{at: at}
		if !c.Remove {
			w.entry = b.cloneSubscription(s)
			s = w.entry
		}
		b.subscriptions[subscriptionKey{s.Consumer, s.API, s.Environment}] = w
	case c.Credential != nil:
		w := wanted[credential]{at: at}
		if !c.Remove {
			w.entry = b.cloneCredential(c)
		}
		b.credentials[c.Sum] = w
	}
}

func clonePlan(p *registry.Plan) *registry.Plan {
	own := *p
	own.Limits = slices.Clone(p.Limits)
	return &own
}

func (b *batch) cloneSubscription(s *registry.Subscription) *registry.Subscription {
	own := *s
	own.ID, own.Consumer = strings.Clone(s.ID), b.text(s.Consumer)
	own.API, own.Environment = b.text(s.API), b.text(s.Environment)
	own.AllowIPs = slices.Clip(slices.Clone(s.AllowIPs))
	own.Scopes = nil
	if len(s.Scopes) > 0 {
		own.Scopes = make([]string, len(s.Scopes))
	}
	for i, scope := range s.Scopes {
		own.Scopes[i] = b.text(scope)
	}
	return &own
}

func (b *batch) cloneCredential(c registry.Change) *credential {
	own := &credential{c.Sum, *c.Credential}
	own.ID = strings.Clone(own.ID)
	own.Consumer, own.Environment = b.text(own.Consumer), b.text(own.Environment)
	return own
}

// text returns the one copy of s in this batch. A copy, or a name of a few
// bytes might keep the whole document that it was read from.
func (b *batch) text(s string) string {
	if known, ok := b.texts[s]; ok {
		return known
	}
	s = strings.Clone(s)
	b.texts[s] = s
	return s
}

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
	slices.SortFunc(b.faults, func(x, y *registry.Fault) int { return compareFields(x.Field, y.Field) })
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
	valid := slices.Collect(maps.Keys(b.m.plans))
	for other, w := range b.plans {
		if w.entry != nil {
			valid = append(valid, other)
		}
	}
	valid = slices.DeleteFunc(valid, func(n string) bool { return b.plan(n) == nil })
	slices.Sort(valid)
	return registry.Unknown("plan", name, slices.Compact(valid))
}

// users returns how many subscriptions name a plan once all changes are done.
func (b *batch) users(name string) int {
	n := b.uses[name]
	if p, ok := b.m.plans[name]; ok {
		n += p.users
	}
	return n
}

// commit makes the changes the directory's own. Nothing in it can fail.
func (b *batch) commit() {
	changed := b.commitPlans()
	b.commitSubscriptions(changed)
	b.commitCredentials()
	b.m.index.CompareAndSwap(nil, b.index)
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
	edits := map[uint64][]edit[registry.Subscription]{}
	note := func(hash uint64, was, now *registry.Subscription) {
		edits[hash%shards] = append(edits[hash%shards], edit[registry.Subscription]{hash, was, now})
	}
	for key, w := range b.subscriptions {
		hash := b.index.subscriptionHash(key.consumer, key.api, key.environment)
		was := b.index.subscription(hash, key.consumer, key.api, key.environment)
		note(hash, was, w.entry)
		b.m.size.Subscriptions += grown(was, w.entry)
	}
	if len(changed) > 0 {
		each(&b.index.subscriptions, func(hash uint64, s *registry.Subscription) {
			if now := b.replanned(s, changed); now != nil {
				note(hash, s, now)
			}
		})
	}
	apply(&b.index.subscriptions, edits)
}

// replanned returns s with the new value of its plan, nil where the plan has
// not changed or s itself is about to be replaced.
func (b *batch) replanned(s *registry.Subscription, changed map[*registry.Plan]*registry.Plan) *registry.Subscription {
	plan, ok := changed[s.Plan]
	if !ok {
		return nil
	}
	if _, ok := b.subscriptions[subscriptionKey{s.Consumer, s.API, s.Environment}]; ok {
		return nil
	}
	now := *s
	now.Plan = plan
	return &now
}

func (b *batch) commitCredentials() {
	edits := map[uint64][]edit[credential]{}
	for sum, w := range b.credentials {
		hash := b.index.credentialHash(&sum)
		was := b.index.credential(hash, &sum)
		edits[hash%shards] = append(edits[hash%shards], edit[credential]{hash, was, w.entry})
		b.m.size.Credentials += grown(was, w.entry)
	}
	apply(&b.index.credentials, edits)
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

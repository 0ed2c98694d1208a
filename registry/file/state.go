package file

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A state is what a directory has been brought to, by what identifies each.
type state map[identity]registry.Change

// An identity tells plans, subscriptions and credentials apart. The order of
// kinds is that in which they are set.
type identity struct {
	kind                       int
	plan                       string
	consumer, api, environment string
	sum                        [32]byte
}

func identify(c registry.Change) identity {
	switch {
	case c.Plan != nil:
		return identity{kind: 0, plan: c.Plan.Name}
	case c.Subscription != nil:
		s := c.Subscription
		return identity{kind: 1, consumer: s.Consumer, api: s.API, environment: s.Environment}
	default:
		return identity{kind: 2, sum: c.Sum}
	}
}

func stateOf(changes []registry.Change) state {
	s := make(state, len(changes))
	for _, c := range changes {
		s[identify(c)] = c
	}
	return s
}

// changes returns what leads from s to next: first what is set, plans before
// the subscriptions that name them, then what is removed, the other way round.
func (s state) changes(next state) []registry.Change {
	var set, removed []identity
	for id, c := range next {
		if before, ok := s[id]; !ok || !equal(before, c) {
			set = append(set, id)
		}
	}
	for id := range maps.Keys(s) {
		if _, ok := next[id]; !ok {
			removed = append(removed, id)
		}
	}
	slices.SortFunc(set, compare)
	slices.SortFunc(removed, func(a, b identity) int { return compare(b, a) })
	var out []registry.Change
	for _, id := range set {
		out = append(out, next[id])
	}
	for _, id := range removed {
		c := s[id]
		c.Remove = true
		out = append(out, c)
	}
	return out
}

func compare(a, b identity) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.plan, b.plan), cmp.Compare(a.consumer, b.consumer),
		cmp.Compare(a.api, b.api), cmp.Compare(a.environment, b.environment), slices.Compare(a.sum[:], b.sum[:]))
}

// equal reports whether two changes set the same. Plans are compared by
// themselves: a subscription only names its own.
func equal(a, b registry.Change) bool {
	if a.Subscription == nil || b.Subscription == nil {
		return reflect.DeepEqual(a, b)
	}
	x, y := *a.Subscription, *b.Subscription
	same := planName(x.Plan) == planName(y.Plan)
	x.Plan, y.Plan = nil, nil
	return same && reflect.DeepEqual(x, y)
}

func planName(p *registry.Plan) string {
	if p == nil {
		return ""
	}
	return p.Name
}

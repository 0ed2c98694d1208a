package directory

import (
	"hash/maphash"
	"slices"

	"github.com/seed-f9645bd3/gateway/registry"
)

// An index is what lookups read.
type index struct {
	seed          maphash.Seed
	subscriptions tables[subscription]
	credentials   tables[credential]
}

// A subscription is kept with the name of its consumer in place: a lookup that
// compares it need not follow one more pointer into cold memory.
type subscription struct {
	inPlace [24]byte // Consumer, where it is not longer
	registry.Subscription
}

// names are those that every subscription has to itself.
func (s *subscription) names() [2]*string { return [...]*string{&s.ID, &s.Consumer} }

func newSubscription(s registry.Subscription) *subscription {
	own := &subscription{Subscription: s}
	copy(own.inPlace[:], s.Consumer)
	return own
}

// share has s use what the one before has alike, in place of copies.
func (s *subscription) share(was *subscription) {
	s.API, s.Environment = was.API, was.Environment
	if slices.Equal(s.Scopes, was.Scopes) {
		s.Scopes = was.Scopes
	}
	if slices.Equal(s.AllowIPs, was.AllowIPs) {
		s.AllowIPs = was.AllowIPs
	}
	if slices.Equal(s.DenyIPs, was.DenyIPs) {
		s.DenyIPs = was.DenyIPs
	}
}

func (s *subscription) is(consumer, api, environment string) bool {
	if len(s.Consumer) != len(consumer) || s.API != api || s.Environment != environment {
		return false
	}
	if len(consumer) <= len(s.inPlace) {
		return string(s.inPlace[:len(consumer)]) == consumer
	}
	return s.Consumer == consumer
}

// A credential is kept with the sum that it is found by.
type credential struct {
	sum [32]byte
	registry.Credential
}

// names are those that every credential has to itself.
func (c *credential) names() [2]*string { return [...]*string{&c.ID, &c.Consumer} }

func newIndex() *index {
	return &index{maphash.MakeSeed(), make(tables[subscription], 1), make(tables[credential], 1)}
}

// roomFor returns an index with room for as many entries, and with those that
// are there; ix itself where it has it.
func (ix *index) roomFor(n Size) *index {
	if len(ix.subscriptions) >= tablesFor(n.Subscriptions) && len(ix.credentials) >= tablesFor(n.Credentials) {
		return ix
	}
	return &index{
		ix.seed,
		roomFor(ix.subscriptions, n.Subscriptions, func(s *subscription) uint64 {
			return ix.subscriptionHash(s.Consumer, s.API, s.Environment)
		}),
		roomFor(ix.credentials, n.Credentials, func(c *credential) uint64 { return ix.credentialHash(&c.sum) }),
	}
}

// subscriptionHash hashes the three names as one key. Each is hashed by
// itself, so that no two keys are alike for where one name ends.
func (ix *index) subscriptionHash(consumer, api, environment string) uint64 {
	h := maphash.String(ix.seed, consumer)
	h = mix(h) + maphash.String(ix.seed, api)
	return mix(h) + maphash.String(ix.seed, environment)
}

// mix spreads h (the multiplier is the golden ratio, as in Fibonacci hashing),
// so that the order of the parts counts.
func mix(h uint64) uint64 {
	h *= 0x9e3779b97f4a7c15
	return h ^ h>>29
}

func (ix *index) credentialHash(sum *[32]byte) uint64 {
	return maphash.Bytes(ix.seed, sum[:])
}

func (ix *index) subscription(hash uint64, consumer, api, environment string) *subscription {
	t := ix.subscriptions.of(hash)
	if t == nil {
		return nil
	}
	s, at := t.probe(hash, home(hash))
	for s != nil && !s.is(consumer, api, environment) {
		s, at = t.probe(hash, at)
	}
	return s
}

func (ix *index) credential(hash uint64, sum *[32]byte) *credential {
	t := ix.credentials.of(hash)
	if t == nil {
		return nil
	}
	c, at := t.probe(hash, home(hash))
	for c != nil && c.sum != *sum {
		c, at = t.probe(hash, at)
	}
	return c
}

// replan gives every subscription of a changed plan a value with the new one.
func (ix *index) replan(changed map[*registry.Plan]*registry.Plan) {
	var edits []edit[subscription]
	var room []subscription // a table copies what it takes in
	for i := range ix.subscriptions {
		t := ix.subscriptions[i].Load()
		if t == nil {
			continue
		}
		edits, room = edits[:0], slices.Grow(room[:0], len(t.slots))
		for _, it := range t.items(0) {
			if plan, ok := changed[it.entry.Plan]; ok {
				room = append(room, *it.entry)
				now := &room[len(room)-1]
				now.Plan = plan
				edits = append(edits, edit[subscription]{it.hash, it.entry, now})
			}
		}
		if len(edits) > 0 {
			ix.subscriptions[i].Store(with(t, edits))
		}
	}
}

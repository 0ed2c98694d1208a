package directory

import (
	"hash/maphash"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/registry"
)

// shards is how many tables share the entries of each sort: among 100,000, a
// change copies about a hundred.
const shards = 1 << 10

// An index is what lookups read. Its tables are replaced one by one, by one
// writer.
type index struct {
	seed          maphash.Seed
	subscriptions [shards]atomic.Pointer[table[subscription]]
	credentials   [shards]atomic.Pointer[table[credential]]
}

// A subscription is kept with the name of its consumer in place: a lookup that
// compares it need not follow one more pointer into cold memory.
type subscription struct {
	inPlace [24]byte // Consumer, where it is not longer
	registry.Subscription
}

func newSubscription(s registry.Subscription) *subscription {
	own := &subscription{Subscription: s}
	copy(own.inPlace[:], s.Consumer)
	return own
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

func newIndex() *index { return &index{seed: maphash.MakeSeed()} }

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
	t := ix.subscriptions[hash%shards].Load()
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
	t := ix.credentials[hash%shards].Load()
	if t == nil {
		return nil
	}
	c, at := t.probe(hash, home(hash))
	for c != nil && c.sum != *sum {
		c, at = t.probe(hash, at)
	}
	return c
}

// each calls f for every entry of the tables.
func each[E any](tables *[shards]atomic.Pointer[table[E]], f func(hash uint64, entry *E)) {
	for i := range tables {
		t := tables[i].Load()
		if t == nil {
			continue
		}
		for _, s := range t.slots {
			if s.entry != nil {
				f(s.hash, s.entry)
			}
		}
	}
}

// apply does edits shard by shard.
func apply[E any](tables *[shards]atomic.Pointer[table[E]], edits map[uint64][]edit[E]) {
	for shard, list := range edits {
		tables[shard].Store(tables[shard].Load().with(list))
	}
}

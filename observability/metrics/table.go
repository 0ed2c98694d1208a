package metrics

import (
	"hash/maphash"
	"maps"
	"sync"
	"sync/atomic"
)

// classes counts by class of status: 1xx to 5xx, and what is none.
type classes [6]atomic.Uint64

var classNames = [...]string{Other, "1xx", "2xx", "3xx", "4xx", "5xx"}

func (c *classes) add(status int) {
	if status < 100 || status >= 600 {
		status = 0
	}
	c[status/100].Add(1)
}

// A table counts by what may have many values, at most so many of them; the
// others share one. Reading takes no lock: the map of a shard is replaced when
// one comes to it, and never altered.
type table[K comparable, V any] struct {
	max    int
	may    func(K) bool // whether it may have series of its own
	make   func() *V
	seed   maphash.Seed
	others *V
	size   atomic.Int64
	shards [64]shard[K, V]
}

type shard[K comparable, V any] struct {
	counts atomic.Pointer[map[K]*V]
	mu     sync.Mutex
}

func newTable[K comparable, V any](max int, may func(K) bool, make func() *V) *table[K, V] {
	return &table[K, V]{max: max, may: may, make: make, others: make(), seed: maphash.MakeSeed()}
}

// of returns the counters of k, or those that all beyond the ceiling share.
func (t *table[K, V]) of(k K) *V {
	s := &t.shards[maphash.Comparable(t.seed, k)%uint64(len(t.shards))]
	if c := s.all()[k]; c != nil {
		return c
	}
	if t.size.Load() >= int64(t.max) || !t.may(k) {
		return t.others
	}
	return t.add(s, k)
}

func (s *shard[K, V]) all() map[K]*V {
	if p := s.counts.Load(); p != nil {
		return *p
	}
	return nil
}

func (t *table[K, V]) add(s *shard[K, V], k K) *V {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.all()[k]; c != nil {
		return c
	}
	if t.size.Add(1) > int64(t.max) {
		t.size.Add(-1)
		return t.others
	}
	next := maps.Clone(s.all())
	if next == nil {
		next = map[K]*V{}
	}
	c := t.make()
	next[k] = c
	s.counts.Store(&next)
	return c
}

// drop removes what goes, and makes room.
func (t *table[K, V]) drop(goes func(K) bool) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		next := maps.Clone(s.all())
		maps.DeleteFunc(next, func(k K, _ *V) bool { return goes(k) })
		if gone := len(s.all()) - len(next); gone > 0 {
			t.size.Add(-int64(gone))
			s.counts.Store(&next)
		}
		s.mu.Unlock()
	}
}

// each tells what was counted, and last what is beyond the ceiling.
func (t *table[K, V]) each(tell func(k K, v *V), others func(v *V)) {
	for i := range t.shards {
		for k, v := range t.shards[i].all() {
			tell(k, v)
		}
	}
	others(t.others)
}

package memory

import (
	"context"
	"math"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Config holds the settings of the store "memory".
type Config struct {
	// Size bounds the bytes of all entries together: keys, fields, bodies and
	// what it takes to find them. Default: 64MiB.
	Size registry.Size `json:"size,omitzero"`
}

const defaultSize = 64 * registry.MiB

// Validate reports every fault of the settings.
func (c Config) Validate() error {
	var faults registry.Faults
	if c.Size < 0 {
		faults.Add("/size", "want a size of 0 or more")
	}
	return faults.Err()
}

// A Store is a cache.Store within this process. It starts no goroutine that
// outlasts a call by more than its upkeep.
type Store struct {
	items *otter.Cache[string, *item]
	tags  index
}

// An item is one entry under one key. It is the pointer that tells it from a
// later one.
type item struct {
	key   string
	entry *cache.Entry
}

// New makes an empty store.
func New(c Config) *Store {
	s := &Store{}
	s.tags.init()
	s.items = otter.Must(&otter.Options[string, *item]{
		MaximumWeight: uint64(max(c.Size.Or(defaultSize), 1)),
		Weigher:       func(_ string, it *item) uint32 { return it.weight() },
		// It runs while the bucket of the key is locked, and takes no lock but
		// that of the index, under which nothing else is asked for.
		OnAtomicDeletion: func(e otter.DeletionEvent[string, *item]) { s.tags.remove(e.Value) },
	})
	return s
}

// Get implements cache.Store.
func (s *Store) Get(_ context.Context, key string) (*cache.Entry, error) {
	it, ok := s.items.GetIfPresent(key)
	if !ok {
		return nil, cache.ErrMiss
	}
	if it.expired(time.Now()) {
		s.remove(it)
		return nil, cache.ErrMiss
	}
	return it.entry, nil
}

// Set implements cache.Store.
func (s *Store) Set(_ context.Context, key string, e *cache.Entry) error {
	it := &item{key, e}
	if it.expired(time.Now()) {
		s.items.Invalidate(key)
		return nil
	}
	s.tags.add(it)
	s.items.Set(key, it)
	return nil
}

// Purge implements cache.Store.
func (s *Store) Purge(_ context.Context, tag string) error {
	for _, it := range s.tags.of(tag) {
		s.remove(it)
	}
	return nil
}

// Sweep removes what has expired. Without it, that goes when it is asked for or
// when its room is needed.
func (s *Store) Sweep() {
	now := time.Now()
	for _, it := range s.items.All() {
		if it.expired(now) {
			s.remove(it)
		}
	}
}

// Bytes returns how much room the entries take, as it is reckoned.
func (s *Store) Bytes() uint64 { return s.items.WeightedSize() }

// Len returns about how many entries there are.
func (s *Store) Len() int { return s.items.EstimatedSize() }

// remove removes the item, unless another one has taken its place.
func (s *Store) remove(it *item) {
	s.items.ComputeIfPresent(it.key, func(there *item) (*item, otter.ComputeOp) {
		if there != it {
			return there, otter.CancelOp
		}
		return nil, otter.InvalidateOp
	})
}

func (it *item) expired(now time.Time) bool {
	return !it.entry.Expires.IsZero() && !now.Before(it.entry.Expires)
}

// What one entry, one field, one value and one tag take beside their text.
const (
	entryOverhead = 512
	fieldOverhead = 64
	valueOverhead = 16
	tagOverhead   = 128
)

func (it *item) weight() uint32 {
	n := entryOverhead + len(it.key) + cap(it.entry.Body)
	for name, values := range it.entry.Header {
		n += fieldOverhead + len(name)
		for _, v := range values {
			n += valueOverhead + len(v)
		}
	}
	for _, tag := range it.entry.Tags {
		n += tagOverhead + len(tag)
	}
	return uint32(min(n, math.MaxUint32))
}

package directory

import "slices"

// A table is an immutable hash table: each change makes a new one. It stays
// small, being one shard of many, so that copying it costs little.
type table[E any] struct {
	slots []slot[E] // a power of two, at most three quarters full
	used  int
}

// A slot is free where its entry is nil. It bears the whole hash, so that a
// search looks at no other entry than the one it wants.
type slot[E any] struct {
	hash  uint64
	entry *E
}

// An edit puts now in the place of was; either may be nil.
type edit[E any] struct {
	hash     uint64
	was, now *E
}

// home is where the search of a hash starts. The shard was chosen by the
// lower bits.
func home(hash uint64) int { return int(hash >> 32) }

// probe returns the next entry of this hash from the slot at on, and the slot
// to go on from; nil where there is no further one.
func (t *table[E]) probe(hash uint64, at int) (*E, int) {
	mask := len(t.slots) - 1
	for {
		s := &t.slots[at&mask]
		at++
		if s.entry == nil || s.hash == hash {
			return s.entry, at
		}
	}
}

// with returns a table in which the edits are done; t may be nil.
func (t *table[E]) with(edits []edit[E]) *table[E] {
	next := &table[E]{}
	if t != nil {
		next.slots, next.used = slices.Clone(t.slots), t.used
	}
	added := next.exchange(edits)
	if size := sizeFor(next.used + added); size != len(next.slots) {
		next.rebuild(size)
	}
	for _, e := range edits {
		if e.was == nil && e.now != nil {
			next.insert(slot[E]{e.hash, e.now})
		}
	}
	return next
}

// exchange does the edits of entries that are there, and returns how many are
// to be added.
func (t *table[E]) exchange(edits []edit[E]) (added int) {
	var gone []int
	for _, e := range edits {
		switch {
		case e.was == nil && e.now != nil:
			added++
		case e.was != nil && e.now != nil:
			t.slots[t.index(e)].entry = e.now
		case e.was != nil:
			gone = append(gone, t.index(e))
		}
	}
	if len(gone) == 0 {
		return added
	}
	for _, at := range gone {
		t.slots[at].entry = nil
	}
	t.rebuild(len(t.slots))
	return added
}

// index returns the slot of what an edit replaces.
func (t *table[E]) index(e edit[E]) int {
	at := home(e.hash)
	for {
		found, next := t.probe(e.hash, at)
		if found == e.was {
			return (next - 1) & (len(t.slots) - 1)
		}
		at = next
	}
}

// rebuild moves the entries into a new list of slots: no gap may stay in the
// way of a search.
func (t *table[E]) rebuild(size int) {
	old := t.slots
	t.slots, t.used = make([]slot[E], size), 0
	for _, s := range old {
		if s.entry != nil {
			t.insert(s)
		}
	}
}

func (t *table[E]) insert(s slot[E]) {
	mask := len(t.slots) - 1
	at := home(s.hash)
	for t.slots[at&mask].entry != nil {
		at++
	}
	t.slots[at&mask] = s
	t.used++
}

// sizeFor returns how many slots n entries get: one at least stays free, or
// the search of an unknown hash would not end.
func sizeFor(n int) int {
	size := 4
	for size*3 < n*4 {
		size *= 2
	}
	return size
}

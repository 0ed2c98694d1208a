package directory

import (
	"slices"
	"strings"
)

// A table is an immutable hash table: each change makes a new one. It stays
// small, being one shard of many, so that copying it costs little.
//
// Its entries stand side by side in a few parts, and the names of a part are
// cut from one string: a directory is few objects for the collector, however
// much it holds. A change adds a part and leaves the others where they are,
// until the parts, or what is no longer wanted in them, are too many: then all
// that is left moves into one. Whoever keeps an entry keeps the part that it
// stands in.
type table[E any] struct {
	slots []slot // a power of two, at most three quarters in use
	parts [maxParts][]E
}

const maxParts = 4

// A slot is free where it is 0. It bears the upper half of a hash, so that a
// search looks at no other entry than the one it wants, and in the lower half
// one more than the place of the entry.
type slot uint64

// A place is where an entry stands: its part, and below that its place there.
type place uint32

const (
	lower    = 1<<32 - 1
	inPart   = 29 // bits
	mostPart = 1<<inPart - 1
)

func newSlot(hash uint64, at place) slot { return slot(hash&^lower | uint64(at+1)) }

func (s slot) hash() uint64 { return uint64(s) &^ lower }
func (s slot) place() place { return place(s&lower) - 1 }

func (t *table[E]) at(p place) *E { return &t.parts[p>>inPart][p&mostPart] }

// home is where the search of a hash starts. The shard was chosen by the
// lower bits.
func home(hash uint64) int { return int(hash >> 32) }

// probe returns the next entry of this hash from the slot at on, and the slot
// to go on from; nil where there is no further one.
func (t *table[E]) probe(hash uint64, at int) (*E, int) {
	mask := len(t.slots) - 1
	for {
		s := t.slots[at&mask]
		at++
		switch {
		case s == 0:
			return nil, at
		case s.hash() == hash&^lower:
			return t.at(s.place()), at
		}
	}
}

// A record is what a table holds.
type record[E any] interface {
	*E
	// names returns the texts that no other entry is likely to have too.
	names() [2]*string
}

// An edit puts now in the place of was; either may be nil.
type edit[E any] struct {
	hash     uint64
	was, now *E
}

// An item is an entry with the hash that it is found by, of which the upper
// half counts, and where it stands.
type item[E any] struct {
	hash  uint64
	entry *E
	fresh bool // it stands nowhere yet
	place place
}

// items returns what t holds, which may be nil, with room for more.
func (t *table[E]) items(room int) []item[E] {
	if t == nil {
		return make([]item[E], 0, room)
	}
	all := make([]item[E], 0, len(t.slots)*3/4+room)
	for _, s := range t.slots {
		if s != 0 {
			all = append(all, item[E]{hash: s.hash(), entry: t.at(s.place()), place: s.place()})
		}
	}
	return all
}

// with returns a table in which the edits are done; both may be nil, the one
// that is returned where it holds nothing.
func with[E any, R record[E]](t *table[E], edits []edit[E]) *table[E] {
	all := t.items(len(edits))
	for _, e := range edits {
		if e.was == nil {
			all = append(all, item[E]{hash: e.hash, entry: e.now, fresh: true})
			continue
		}
		at := slices.IndexFunc(all, func(i item[E]) bool { return i.entry == e.was })
		all[at].entry, all[at].fresh = e.now, true
	}
	all = slices.DeleteFunc(all, func(i item[E]) bool { return i.entry == nil })
	if len(all) == 0 {
		return nil
	}
	next, at := newTable(t, all)
	next.fill(all, at)
	pack[E, R](next.parts[at])
	return next
}

// newTable returns a table with room for all, and the part that what is fresh
// goes into. Either it has the parts of t, which may be nil, or everything is
// fresh.
func newTable[E any](t *table[E], all []item[E]) (next *table[E], part int) {
	next = &table[E]{slots: make([]slot, sizeFor(len(all)))}
	if t != nil {
		for part < maxParts && t.parts[part] != nil {
			part++
		}
		if part < maxParts && t.held()+freshIn(all) <= mostHeld(len(all)) {
			next.parts = t.parts
			return next, part
		}
	}
	for i := range all {
		all[i].fresh = true
	}
	return next, 0
}

// held returns how many entries the parts hold, wanted or not.
func (t *table[E]) held() int {
	n := 0
	for _, part := range t.parts {
		n += len(part)
	}
	return n
}

// mostHeld is how many entries a table of n may hold, with those that are no
// longer wanted: it bounds the memory.
func mostHeld(n int) int { return n + n*3/4 + 2 }

func freshIn[E any](all []item[E]) int {
	n := 0
	for i := range all {
		if all[i].fresh {
			n++
		}
	}
	return n
}

// fill puts what is fresh into the part, and all into the slots.
func (t *table[E]) fill(all []item[E], part int) {
	if n := freshIn(all); n > 0 {
		t.parts[part] = make([]E, 0, n)
	}
	for _, i := range all {
		if i.fresh {
			i.place = place(part<<inPart | len(t.parts[part]))
			t.parts[part] = append(t.parts[part], *i.entry)
		}
		t.insert(newSlot(i.hash, i.place))
	}
}

func (t *table[E]) insert(s slot) {
	mask, at := len(t.slots)-1, home(s.hash())
	for t.slots[at&mask] != 0 {
		at++
	}
	t.slots[at&mask] = s
}

// pack has the names of a part cut from one string of their own.
func pack[E any, R record[E]](entries []E) {
	var b strings.Builder
	b.Grow(lengthOf[E, R](entries))
	for i := range entries {
		for _, name := range R(&entries[i]).names() {
			b.WriteString(*name)
		}
	}
	text := b.String()
	for i := range entries {
		for _, name := range R(&entries[i]).names() {
			*name, text = text[:len(*name)], text[len(*name):]
		}
	}
}

func lengthOf[E any, R record[E]](entries []E) int {
	n := 0
	for i := range entries {
		for _, name := range R(&entries[i]).names() {
			n += len(*name)
		}
	}
	return n
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

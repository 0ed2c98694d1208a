package directory

import "sync/atomic"

// tables share the entries of one sort by the lower bits of their hashes. They
// are replaced one by one, by one writer, so that a change copies one of them.
type tables[E any] []atomic.Pointer[table[E]]

// perTable is how many entries a table holds on average, at the most: a change
// copies as many. More would make fewer objects for the collector.
const perTable = 32

// tablesFor returns how many tables n entries get: a power of two.
func tablesFor(n int) int {
	count := 1
	for count*perTable < n {
		count *= 2
	}
	return count
}

// place returns where the table of a hash stands.
func (ts tables[E]) place(hash uint64) int { return int(hash & uint64(len(ts)-1)) }

// of returns the table of a hash; nil where it holds nothing.
func (ts tables[E]) of(hash uint64) *table[E] { return ts[ts.place(hash)].Load() }

// each calls f for every entry.
func (ts tables[E]) each(f func(entry *E)) {
	for i := range ts {
		t := ts[i].Load()
		if t == nil {
			continue
		}
		for _, s := range t.slots {
			if s != 0 {
				f(t.at(s.place()))
			}
		}
	}
}

// apply does edits, table by table.
func apply[E any, R record[E]](ts tables[E], edits []edit[E]) {
	by := map[int][]edit[E]{}
	for _, e := range edits {
		by[ts.place(e.hash)] = append(by[ts.place(e.hash)], e)
	}
	for i, list := range by {
		ts[i].Store(with[E, R](ts[i].Load(), list))
	}
}

// roomFor returns tables with room for n entries: these, or more with the same
// entries.
func roomFor[E any, R record[E]](ts tables[E], n int, hash func(*E) uint64) tables[E] {
	if tablesFor(n) <= len(ts) {
		return ts
	}
	more := make(tables[E], tablesFor(n))
	var all []edit[E]
	ts.each(func(e *E) { all = append(all, edit[E]{hash: hash(e), now: e}) })
	apply[E, R](more, all)
	return more
}

package payload

import "hash/maphash"

const (
	// fewNames is how many names of one object are compared one by one.
	fewNames = 12
	// maxNames bounds the names that are remembered at a time, of all objects
	// that are open: some 40 bytes each.
	maxNames = 100_000
	// keptNames is how many places a table may have that waits for its next use.
	keptNames = 1 << 14
)

// names tells whether the names in one scope (the members of an object, the
// attributes of an element) are all different. Scopes may stand in each other.
//
// A name is remembered by a hash of 64 bits under a key of the process: nobody
// can choose names that fall together, and of a thousand names in one object
// two that differ do so once in 10^13 objects. That refuses a body; it never
// lets one pass.
type names struct {
	seed  maphash.Seed
	few   []uint64 // of each open scope, the first ones
	many  []uint64 // the keys of scopes that have more
	table []uint64 // open addressing; 0 is free. Keys of ended scopes stay: they equal no other.
	used  int
	last  uint64 // scope
}

// A scope is what its names have to be different in.
type scope struct {
	number    uint64
	few, many int // where they begin
	large     bool
}

func (n *names) open() scope {
	n.last++
	return scope{number: n.last, few: len(n.few), many: len(n.many)}
}

func (n *names) close(s *scope) { n.few, n.many = n.few[:s.few], n.many[:s.many] }

func (n *names) reset() {
	n.few, n.many = n.few[:0], n.many[:0]
	if len(n.table) > keptNames {
		n.table, n.used, n.few, n.many = nil, 0, nil, nil
	}
}

// full reports whether no more names are remembered.
func (n *names) full() bool { return len(n.few)+len(n.many) >= maxNames }

// add reports whether the name is new to the innermost scope.
func (n *names) add(s *scope, name []byte) bool {
	h := maphash.Bytes(n.seed, name)
	if s.large {
		return n.insert(key(h, s.number))
	}
	own := n.few[s.few:]
	for _, other := range own {
		if other == h {
			return false
		}
	}
	if len(own) < fewNames {
		n.few = append(n.few, h)
		return true
	}
	s.large = true
	for _, other := range own {
		n.insert(key(other, s.number))
	}
	n.few = n.few[:s.few]
	return n.insert(key(h, s.number))
}

// key mixes the number of the scope into a hash, so that scopes share a table.
func key(h, scope uint64) uint64 {
	k := (h ^ scope*0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd
	return max(k^k>>32, 1)
}

func (n *names) insert(k uint64) bool {
	if 2*(n.used+1) > len(n.table) {
		n.grow()
	}
	mask := uint64(len(n.table) - 1)
	at := k & mask
	for ; n.table[at] != 0; at = (at + 1) & mask {
		if n.table[at] == k {
			return false
		}
	}
	n.table[at] = k
	n.used++
	n.many = append(n.many, k)
	return true
}

// grow makes room, by forgetting the keys of ended scopes first.
func (n *names) grow() {
	size := max(len(n.table), 256)
	for size < 4*(len(n.many)+1) {
		size *= 2
	}
	if size == len(n.table) {
		clear(n.table)
	} else {
		n.table = make([]uint64, size)
	}
	mask := uint64(size - 1)
	for _, k := range n.many {
		at := k & mask
		for n.table[at] != 0 {
			at = (at + 1) & mask
		}
		n.table[at] = k
	}
	n.used = len(n.many)
}

package authn

import "slices"

// goodKeys is how many good credentials one address is remembered to have.
const goodKeys = 16

// A goodSet holds the keys of credentials that were good; the oldest makes room
// for the next. A nil one is empty.
type goodSet struct {
	keys [goodKeys]uint64 // 0 is none
	next int
}

func (g *goodSet) has(key uint64) bool {
	return g != nil && key != 0 && slices.Contains(g.keys[:], key)
}

func (g *goodSet) add(key uint64) {
	if key == 0 || g.has(key) {
		return
	}
	g.keys[g.next] = key
	g.next = (g.next + 1) % goodKeys
}

func (g *goodSet) remove(key uint64) {
	if g == nil || key == 0 {
		return
	}
	if i := slices.Index(g.keys[:], key); i >= 0 {
		g.keys[i] = 0
	}
}

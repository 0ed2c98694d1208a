package jsonstream

import "fmt"

type treatment uint8

const (
	replaces treatment = iota
	removes
	selects
)

// A Program is a set of paths and what becomes of what stands there. It is
// immutable.
//
// The steps of all paths are numbered through. A set of bits says which steps
// may come next at a place of the document; going into a member moves the bits
// that take its name by one (shift-and).
type Program struct {
	pool  *Pool
	do    treatment
	elide bool   // entries may go away, and commas with them
	text  string // what replaces, in JSON
	keep  int    // characters kept at the end

	words  int
	names  names
	takes  [][]uint64 // steps that take a member, by the number of its name
	member []uint64   // steps that take members
	item   []uint64   // steps that take items
	last   []uint64   // last steps of their paths
	root   []uint64   // first steps
	always []uint64   // those that may come anywhere
}

// Replace replaces what stands at the paths by text, which is JSON.
func Replace(pool *Pool, paths []Path, text string) (*Program, error) {
	if len(text) > MaxText {
		return nil, fmt.Errorf("want a text of at most %d bytes", MaxText)
	}
	return compile(Program{pool: pool, do: replaces, text: text}, paths)
}

// KeepLast replaces what stands at the paths by a string: mask, and behind it the
// last n characters of a string or number that has at least twice as many. mask
// needs no escapes.
func KeepLast(pool *Pool, paths []Path, mask string, n int) (*Program, error) {
	if n < 1 || n > MaxKeep {
		return nil, fmt.Errorf("want 1 to %d characters, not %d", MaxKeep, n)
	}
	return compile(Program{pool: pool, do: replaces, text: `"` + mask + `"`, keep: n}, paths)
}

// Remove removes the members and items at the paths.
func Remove(pool *Pool, paths []Path) (*Program, error) {
	return compile(Program{pool: pool, do: removes, elide: true}, paths)
}

// Select removes everything but what stands at the paths, and the objects and
// arrays that it stands in. A root that is neither becomes null. Every path
// begins at the root.
func Select(pool *Pool, paths []Path) (*Program, error) {
	rooted := make([]Path, len(paths))
	for i, p := range paths {
		rooted[i] = p.Rooted()
	}
	return compile(Program{pool: pool, do: selects, elide: true, text: "null"}, rooted)
}

func compile(p Program, paths []Path) (*Program, error) {
	steps := 0
	for _, path := range paths {
		steps += len(path.steps)
	}
	if steps > MaxAllSteps {
		return nil, fmt.Errorf("want at most %d steps in all paths, not %d", MaxAllSteps, steps)
	}
	p.words = max((steps+63)/64, 1)
	for _, set := range []*[]uint64{&p.member, &p.item, &p.last, &p.root, &p.always} {
		*set = make([]uint64, p.words)
	}
	p.names = newNames()
	p.number(paths)
	return &p, nil
}

func (p *Program) number(paths []Path) {
	wild := make([]uint64, p.words)
	byName := map[int][]uint64{}
	at := 0
	for _, path := range paths {
		set(p.root, at)
		if path.anywhere {
			set(p.always, at)
		}
		for _, s := range path.steps {
			switch s.kind {
			case items:
				set(p.item, at)
			case every:
				set(p.member, at)
				set(wild, at)
			case named:
				set(p.member, at)
				n := p.names.add(s.name)
				if byName[n] == nil {
					byName[n] = make([]uint64, p.words)
				}
				set(byName[n], at)
			}
			at++
		}
		set(p.last, at-1)
	}
	p.takes = make([][]uint64, len(p.names.texts))
	p.takes[0] = wild
	for n, bits := range byName {
		for w := range bits {
			bits[w] |= wild[w]
		}
		p.takes[n] = bits
	}
}

func set(bits []uint64, at int) { bits[at/64] |= 1 << (at % 64) }

// toMember moves from the steps in now to those behind the member of this name,
// and reports whether a path ends there.
func (p *Program) toMember(next, now []uint64, name []byte) bool {
	return p.move(next, now, p.takes[p.names.find(name)])
}

// toItem is toMember for the items of an array. Steps that take members wait for
// an object in it.
func (p *Program) toItem(next, now []uint64) bool {
	ends := p.move(next, now, p.item)
	for w := range next {
		next[w] |= now[w] & p.member[w]
	}
	return ends
}

func (p *Program) move(next, now, takes []uint64) bool {
	var ends, carry uint64
	now, takes, last, always := now[:len(next)], takes[:len(next)], p.last[:len(next)], p.always[:len(next)]
	for w := range next {
		taken := now[w] & takes[w]
		ends |= taken & last[w]
		taken &^= last[w]
		next[w] = taken<<1 | carry | always[w]
		carry = taken >> 63
	}
	return ends != 0
}

func live(bits []uint64) bool {
	for _, w := range bits {
		if w != 0 {
			return true
		}
	}
	return false
}

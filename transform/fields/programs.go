package fields

import (
	"hash/maphash"
	"slices"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/transform/internal/jsonstream"
)

// maxPrograms bounds how many lists of fields are kept compiled.
const maxPrograms = 256

// programs holds what was compiled for the field lists of grants, of which there
// are few: about one for each plan. A list beyond the bound starts anew.
type programs struct {
	pool *jsonstream.Pool
	seed maphash.Seed
	kept atomic.Pointer[map[uint64]*program]
}

// A program is one list of fields, compiled.
type program struct {
	*jsonstream.Program
	fields  []string
	unknown bool // some of the fields are no paths, or too many; they select nothing
}

func newPrograms() *programs {
	return &programs{pool: jsonstream.NewPool(), seed: maphash.MakeSeed()}
}

// of returns the program of a list.
func (ps *programs) of(fields []string) *program {
	key := ps.key(fields)
	kept := ps.kept.Load()
	if kept != nil {
		if p := (*kept)[key]; p != nil && slices.Equal(p.fields, fields) {
			return p
		}
	}
	p := ps.compile(fields)
	ps.keep(kept, key, p)
	return p
}

func (ps *programs) key(fields []string) uint64 {
	var h maphash.Hash
	h.SetSeed(ps.seed)
	for _, f := range fields {
		_, _ = h.WriteString(f)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// keep adds p to what is kept. Where another goroutine was faster, p is compiled
// again when it is next asked for.
func (ps *programs) keep(kept *map[uint64]*program, key uint64, p *program) {
	more := map[uint64]*program{key: p}
	if kept != nil && len(*kept) < maxPrograms {
		for k, v := range *kept {
			if k != key {
				more[k] = v
			}
		}
	}
	ps.kept.CompareAndSwap(kept, &more)
}

func (ps *programs) compile(fields []string) *program {
	p := &program{fields: slices.Clone(fields)}
	var paths []jsonstream.Path
	steps := 0
	for _, f := range fields {
		path, err := jsonstream.ParsePath(f)
		if err != nil || steps+path.Steps() > jsonstream.MaxAllSteps {
			p.unknown = true
			continue
		}
		steps += path.Steps()
		paths = append(paths, path)
	}
	selected, err := jsonstream.Select(ps.pool, paths)
	if err != nil { // not with so few steps; what is left selects nothing
		selected, _ = jsonstream.Select(ps.pool, nil)
		p.unknown = true
	}
	p.Program = selected
	return p
}

package memory

import (
	"hash/maphash"
	"sync"
)

// An index finds the items that bear a tag. It is parted, so that entries of
// different tags do not wait for each other.
type index struct {
	seed  maphash.Seed
	parts [64]part
}

type part struct {
	mu    sync.Mutex
	byTag map[string]map[*item]struct{}
}

func (ix *index) init() {
	ix.seed = maphash.MakeSeed()
	for i := range ix.parts {
		ix.parts[i].byTag = map[string]map[*item]struct{}{}
	}
}

func (ix *index) part(tag string) *part {
	return &ix.parts[maphash.String(ix.seed, tag)%uint64(len(ix.parts))]
}

func (ix *index) add(it *item) {
	for _, tag := range it.entry.Tags {
		ix.part(tag).add(tag, it)
	}
}

func (ix *index) remove(it *item) {
	for _, tag := range it.entry.Tags {
		ix.part(tag).remove(tag, it)
	}
}

// of returns the items that bear the tag now.
func (ix *index) of(tag string) []*item {
	p := ix.part(tag)
	p.mu.Lock()
	defer p.mu.Unlock()
	items := make([]*item, 0, len(p.byTag[tag]))
	for it := range p.byTag[tag] {
		items = append(items, it)
	}
	return items
}

func (p *part) add(tag string, it *item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	items := p.byTag[tag]
	if items == nil {
		items = map[*item]struct{}{}
		p.byTag[tag] = items
	}
	items[it] = struct{}{}
}

func (p *part) remove(tag string, it *item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	items := p.byTag[tag]
	delete(items, it)
	if len(items) == 0 {
		delete(p.byTag, tag)
	}
}

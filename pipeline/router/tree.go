package router

import "hash/maphash"

// A node is a place in the tree of all templates of one host: one step for
// each segment. Each node is reached by one way only, so that a search visits
// it at most once, however often it turns back.
type node struct {
	edges []edge // one by one up to fewEdges, beyond that a hash table
	param *node
	end   *leaf
	rest  *leaf
}

// An edge leads on by a literal. In a hash table the free ones lead nowhere.
type edge struct {
	text string
	to   *node
}

// fewEdges is up to how many literals comparing one by one beats hashing. The
// smallest table has more.
const fewEdges = 4

func (n *node) literal(seed maphash.Seed, text string) *node {
	if len(n.edges) <= fewEdges {
		for i := range n.edges {
			if n.edges[i].text == text {
				return n.edges[i].to
			}
		}
		return nil
	}
	mask := uint64(len(n.edges) - 1)
	for at := maphash.String(seed, text) & mask; ; at = (at + 1) & mask {
		if e := &n.edges[at]; e.to == nil || e.text == text {
			return e.to
		}
	}
}

// A branch is a node while the tree grows.
type branch struct {
	literals map[string]*branch
	order    []string // of literals, as they came
	param    *branch
	end      *leaf
	rest     *leaf
}

// leaf returns the leaf of a template below b, made where there is none yet.
func (b *branch) leaf(template []segment) *leaf {
	for _, s := range template {
		switch s.kind {
		case literal:
			b = b.literal(s.text)
		case parameter:
			if b.param == nil {
				b.param = &branch{}
			}
			b = b.param
		case rest:
			if b.rest == nil {
				b.rest = &leaf{}
			}
			return b.rest
		}
	}
	if b.end == nil {
		b.end = &leaf{}
	}
	return b.end
}

func (b *branch) literal(text string) *branch {
	next, ok := b.literals[text]
	if !ok {
		if b.literals == nil {
			b.literals = map[string]*branch{}
		}
		next = &branch{}
		b.literals[text] = next
		b.order = append(b.order, text)
	}
	return next
}

// A layout makes nodes of branches. What one match reads lies close together:
// on a tree that is not in the cache, the way to memory is most of the cost.
type layout struct {
	seed   maphash.Seed
	nodes  slab[node]
	edges  slab[edge]
	leaves slab[leaf]
	lists  slab[methodList]
}

func (l *layout) tree(b *branch) *node {
	n := &l.nodes.take(1)[0]
	l.fill(n, b)
	return n
}

func (l *layout) fill(n *node, b *branch) {
	n.end, n.rest = l.leaf(b.end), l.leaf(b.rest)
	n.edges = l.edges.take(edgesFor(len(b.order)))
	nodes := l.nodes.take(len(b.order))
	for i, text := range b.order {
		l.link(n.edges, i, edge{text, &nodes[i]})
	}
	for i, text := range b.order {
		l.fill(&nodes[i], b.literals[text])
	}
	if b.param != nil {
		n.param = l.tree(b.param)
	}
}

func (l *layout) link(edges []edge, i int, e edge) {
	if len(edges) <= fewEdges {
		edges[i] = e
		return
	}
	mask := uint64(len(edges) - 1)
	at := maphash.String(l.seed, e.text) & mask
	for edges[at].to != nil {
		at = (at + 1) & mask
	}
	edges[at] = e
}

// edgesFor returns the room of n edges: half of a hash table stays free.
func edgesFor(n int) int {
	if n <= fewEdges {
		return n
	}
	size := 2 * fewEdges
	for size < 2*n {
		size *= 2
	}
	return size
}

func (l *layout) leaf(from *leaf) *leaf {
	if from == nil {
		return nil
	}
	to := &l.leaves.take(1)[0]
	*to = *from
	to.methods = l.lists.take(len(from.methods))
	copy(to.methods, from.methods)
	return to
}

// A slab hands out neighbouring room.
type slab[T any] struct{ free []T }

func (s *slab[T]) take(n int) []T {
	if n == 0 {
		return nil
	}
	if n > len(s.free) {
		s.free = make([]T, max(n, 512))
	}
	taken := s.free[:n:n]
	s.free = s.free[n:]
	return taken
}

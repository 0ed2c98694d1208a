package router

// A node is a place in the tree of all templates of one host: one step for
// each segment. Each node is reached by one way only, so that a search visits
// it at most once, however often it turns back.
type node struct {
	few   []edge           // literals, up to fewEdges
	many  map[string]*node // literals, beyond
	param *node
	rest  *leaf
	end   *leaf
}

type edge struct {
	text string
	to   *node
}

// fewEdges is up to how many literals comparing one by one beats hashing.
const fewEdges = 4

func (n *node) literal(text string) *node {
	if n.many != nil {
		return n.many[text]
	}
	for i := range n.few {
		if n.few[i].text == text {
			return n.few[i].to
		}
	}
	return nil
}

// leaf returns the leaf of a template below n, made where there is none yet.
func (n *node) leaf(template []segment) *leaf {
	for _, s := range template {
		switch s.kind {
		case literal:
			n = n.grow(s.text)
		case parameter:
			if n.param == nil {
				n.param = &node{}
			}
			n = n.param
		case rest:
			if n.rest == nil {
				n.rest = &leaf{}
			}
			return n.rest
		}
	}
	if n.end == nil {
		n.end = &leaf{}
	}
	return n.end
}

func (n *node) grow(text string) *node {
	if known := n.literal(text); known != nil {
		return known
	}
	next := &node{}
	if n.many != nil {
		n.many[text] = next
		return next
	}
	n.few = append(n.few, edge{text, next})
	if len(n.few) > fewEdges {
		n.many = make(map[string]*node, len(n.few))
		for _, e := range n.few {
			n.many[e.text] = e.to
		}
		n.few = nil
	}
	return next
}

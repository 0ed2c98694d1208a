package router

import (
	"cmp"
	"net/http"
	"slices"
)

// A candidate is a route at the end of a path.
type candidate struct {
	route    int
	names    []string
	methods  []string // none takes all
	headers  []predicate
	query    []predicate
	priority int
}

// Ranks of a method, in order of precedence; unranked is not taken.
const (
	named = iota
	byGet
	byAny
	unranked
)

func (c *candidate) rank(method string) int {
	switch {
	case len(c.methods) == 0:
		return byAny
	case slices.Contains(c.methods, method):
		return named
	case method == http.MethodHead && slices.Contains(c.methods, http.MethodGet):
		return byGet
	}
	return unranked
}

// compare orders candidates of one rank; 0 is equal right.
func (c *candidate) compare(other *candidate) int {
	return cmp.Or(
		cmp.Compare(len(other.headers)+len(other.query), len(c.headers)+len(c.query)),
		cmp.Compare(other.priority, c.priority),
	)
}

func (c *candidate) disjoint(other *candidate) bool {
	return disjoint(c.headers, other.headers) || disjoint(c.query, other.query)
}

// A leaf holds the candidates of one path, in order of precedence for each
// method.
type leaf struct {
	all     []*candidate
	any     []*candidate // of methods that none names
	methods []methodList
}

type methodList struct {
	method string
	list   []*candidate
}

func (l *leaf) candidates(method string) []*candidate {
	for i := range l.methods {
		if l.methods[i].method == method {
			return l.methods[i].list
		}
	}
	return l.any
}

// seal puts the candidates in order and tells clash of each two of equal right.
func (l *leaf) seal(clash func(a, b *candidate)) {
	for _, method := range l.named() {
		l.methods = append(l.methods, methodList{method, l.ordered(method, clash)})
	}
	l.any = l.ordered("", clash)
	slices.SortStableFunc(l.all, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(min(1, len(b.methods)), min(1, len(a.methods))), a.compare(b))
	})
}

// named returns the methods that have candidates of their own.
func (l *leaf) named() []string {
	var methods []string
	for _, c := range l.all {
		for _, m := range c.methods {
			methods = append(methods, m)
			if m == http.MethodGet {
				methods = append(methods, http.MethodHead)
			}
		}
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

func (l *leaf) ordered(method string, clash func(a, b *candidate)) []*candidate {
	var ranked [unranked][]*candidate
	for _, c := range l.all {
		if r := c.rank(method); r != unranked {
			ranked[r] = append(ranked[r], c)
		}
	}
	for _, list := range ranked {
		slices.SortStableFunc(list, (*candidate).compare)
		clashes(list, clash)
	}
	return slices.Concat(ranked[:]...)
}

func clashes(ordered []*candidate, clash func(a, b *candidate)) {
	for i, a := range ordered {
		for _, b := range ordered[i+1:] {
			if a.compare(b) != 0 {
				break
			}
			if !a.disjoint(b) {
				clash(a, b)
			}
		}
	}
}

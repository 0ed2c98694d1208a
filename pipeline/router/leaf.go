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

// demanding reports whether c has predicates.
func (c *candidate) demanding() bool { return len(c.headers)+len(c.query) > 0 }

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
	methods []methodList
	any     []*candidate // of methods that none names
	all     []*candidate
}

type methodList struct {
	method string
	first  *candidate
	more   []*candidate
}

// candidates returns the first candidate for a method and those behind it;
// nil where there is none.
func (l *leaf) candidates(method string) (first *candidate, more []*candidate) {
	for i := range l.methods {
		if m := &l.methods[i]; m.method == method {
			return m.first, m.more
		}
	}
	if len(l.any) == 0 {
		return nil, nil
	}
	return l.any[0], l.any[1:]
}

// seal puts the candidates in order and tells clash of those of equal right.
func (l *leaf) seal(clash func(a, b *candidate)) {
	for _, method := range l.named() {
		list := l.ordered(method, clash)
		l.methods = append(l.methods, methodList{method, list[0], list[1:]})
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
		eachOfEqualRight(list, func(equals []*candidate) { clashes(equals, clash) })
	}
	return slices.Concat(ranked[:]...)
}

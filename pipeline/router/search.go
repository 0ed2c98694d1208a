package router

import (
	"hash/maphash"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A search looks for candidates of one request in order of precedence.
type search struct {
	req       *http.Request
	seed      maphash.Seed
	roots     [3]*node // exact host, wildcard, any
	path      string
	encoded   bool // path holds escapes
	values    *[pipeline.MaxParams]string
	goal      goal
	method    string // for findTaker
	allow     []string
	preflight bool // header predicates are not asked
	reached   bool // a leaf was seen
	readable  bool // the query was looked at and can be read
	malformed bool // the query was looked at and cannot be read
}

type goal uint8

const (
	findTaker  goal = iota // the first that takes the method
	findHolder             // the first, whatever the method
	collectAll             // none: the methods that would be taken, into allow
)

// requestPath returns the path to split at its slashes, and whether its
// segments are still to be decoded.
func requestPath(u *url.URL) (path string, encoded bool) {
	if u.RawPath == "" || u.RawPath == u.Path && strings.IndexByte(u.Path, '%') < 0 {
		return u.Path, false
	}
	path = u.EscapedPath()
	return path, strings.IndexByte(path, '%') >= 0
}

// find returns the first candidate of the goal, its values filled in.
func (s *search) find(g goal) *candidate {
	s.goal = g
	if !strings.HasPrefix(s.path, "/") {
		return nil
	}
	for _, root := range s.roots {
		if root == nil {
			continue
		}
		if c := s.walk(root, 1, 0); c != nil {
			s.decode(len(c.names))
			return c
		}
	}
	return nil
}

// walk searches below n for the rest of the path, which begins at; taken
// counts the values so far.
func (s *search) walk(n *node, at, taken int) *candidate {
	text, next := s.path[at:], 0
	if slash := strings.IndexByte(text, '/'); slash >= 0 {
		text, next = text[:slash], at+slash+1
	}
	if to := n.literal(s.seed, s.decoded(text)); to != nil {
		if c := s.step(to, next, taken); c != nil {
			return c
		}
	}
	if n.param != nil && text != "" {
		s.values[taken] = text
		if c := s.step(n.param, next, taken+1); c != nil {
			return c
		}
	}
	if n.rest != nil {
		s.values[taken] = s.path[at:]
		return s.take(n.rest)
	}
	return nil
}

func (s *search) step(to *node, next, taken int) *candidate {
	if next == 0 {
		return s.take(to.end)
	}
	return s.walk(to, next, taken)
}

func (s *search) take(l *leaf) *candidate {
	if l == nil {
		return nil
	}
	s.reached = true
	switch s.goal {
	case findTaker:
		first, more := l.candidates(s.method)
		if first == nil || s.holds(first) {
			return first
		}
		return s.first(more)
	case findHolder:
		return s.first(l.all)
	}
	s.collect(l.all)
	return nil
}

func (s *search) first(list []*candidate) *candidate {
	for _, c := range list {
		if s.holds(c) {
			return c
		}
	}
	return nil
}

func (s *search) holds(c *candidate) bool {
	return !c.demanding() || s.holdsAll(c)
}

func (s *search) holdsAll(c *candidate) bool {
	if !s.preflight {
		for i := range c.headers {
			if !c.headers[i].field(s.req.Header) {
				return false
			}
		}
	}
	if len(c.query) == 0 {
		return true
	}
	if !s.queryReadable() {
		return false
	}
	for i := range c.query {
		if !c.query[i].parameter(s.req.URL.RawQuery) {
			return false
		}
	}
	return true
}

func (s *search) queryReadable() bool {
	if !s.readable && !s.malformed {
		s.readable = queryReadable(s.req.URL.RawQuery)
		s.malformed = !s.readable
	}
	return s.readable
}

func (s *search) collect(list []*candidate) {
	for _, c := range list {
		if !s.holds(c) {
			continue
		}
		if len(c.methods) == 0 {
			s.allow = append(s.allow, anyMethod[:]...)
		}
		s.allow = append(s.allow, c.methods...)
		if slices.Contains(c.methods, http.MethodGet) {
			s.allow = append(s.allow, http.MethodHead)
		}
	}
}

// decode decodes the first n values in place.
func (s *search) decode(n int) {
	for i := range s.values[:n] {
		s.values[i] = s.decoded(s.values[i])
	}
}

// decoded returns a segment as a value. It allocates only where there is an
// escape; what is no escape stays as it is, and matches no literal.
func (s *search) decoded(text string) string {
	if !s.encoded || strings.IndexByte(text, '%') < 0 {
		return text
	}
	if value, err := url.PathUnescape(text); err == nil {
		return value
	}
	return text
}

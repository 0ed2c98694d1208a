package registry

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// maxDepth bounds how deep lists and objects may nest.
const maxDepth = 64

// A SyntaxError says that a text is not JSON.
type SyntaxError struct {
	// Offset is where, in bytes from the beginning.
	Offset int
	// Reason says what is wrong.
	Reason string
}

// Error returns the reason and the offset.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("not valid JSON at byte %d: %s", e.Offset, e.Reason)
}

// A scanner reads a JSON text once, before anything is decoded from it. It
// reports the first thing that is not JSON, and as faults all repeated members.
type scanner struct {
	data   []byte
	pos    int
	depth  int
	path   path
	faults collector
}

// document reads the whole text: one value and nothing behind it.
func (s *scanner) document() error {
	if !utf8.Valid(s.data) {
		return s.failAt(invalidByte(s.data), "invalid UTF-8")
	}
	if err := s.value(); err != nil {
		return err
	}
	if s.space(); s.pos < len(s.data) {
		return s.fail("there is more after the end of the value")
	}
	return nil
}

func (s *scanner) fail(format string, args ...any) error {
	return s.failAt(s.pos, format, args...)
}

func (s *scanner) failAt(offset int, format string, args ...any) error {
	return &SyntaxError{Offset: offset, Reason: fmt.Sprintf(format, args...)}
}

func (s *scanner) space() { s.pos = skipSpace(s.data, s.pos) }

// peek returns the next byte that is not space, 0 at the end.
func (s *scanner) peek() byte {
	if s.space(); s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) value() error {
	switch c := s.peek(); {
	case c == '{':
		return s.nested(s.object)
	case c == '[':
		return s.nested(s.list)
	case c == '"':
		_, err := s.text()
		return err
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	default:
		return s.word()
	}
}

func (s *scanner) nested(read func() error) error {
	if s.depth++; s.depth > maxDepth {
		return s.fail("nested deeper than %d", maxDepth)
	}
	s.pos++
	err := read()
	s.depth--
	return err
}

func (s *scanner) list() error {
	if s.peek() == ']' {
		s.pos++
		return nil
	}
	for i := 0; ; i++ {
		s.path.pushIndex(i)
		if err := s.value(); err != nil {
			return err
		}
		s.path.pop()
		if end, err := s.end(']'); end || err != nil {
			return err
		}
	}
}

func (s *scanner) object() error {
	if s.peek() == '}' {
		s.pos++
		return nil
	}
	for names := (nameSet{}); ; {
		name, err := s.name()
		if err != nil {
			return err
		}
		s.path.push(name)
		if !names.add(name) {
			s.faults.add(&Fault{Field: s.path.pointer(), Err: fmt.Errorf("member %q is given twice", name)})
		}
		if err := s.value(); err != nil {
			return err
		}
		s.path.pop()
		if end, err := s.end('}'); end || err != nil {
			return err
		}
	}
}

// name reads the name of a member and the colon behind it.
func (s *scanner) name() (string, error) {
	if s.peek() != '"' {
		return "", s.fail("want the name of a member in double quotes")
	}
	raw, err := s.text()
	if err != nil {
		return "", err
	}
	if s.peek() != ':' {
		return "", s.fail("want a colon after the name of a member")
	}
	s.pos++
	return unquote(raw), nil
}

// end reads what follows an element: a comma, or the closing bracket, for
// which it reports true.
func (s *scanner) end(closing byte) (bool, error) {
	switch s.peek() {
	case ',':
		s.pos++
		return false, nil
	case closing:
		s.pos++
		return true, nil
	default:
		return false, s.fail("want a comma or %q", closing)
	}
}

// A nameSet holds the names of one object: most are small.
type nameSet struct {
	few  []string
	many map[string]bool
}

// add reports false where name is in the set already.
func (n *nameSet) add(name string) bool {
	if n.many == nil && len(n.few) < 32 {
		if slices.Contains(n.few, name) {
			return false
		}
		n.few = append(n.few, name)
		return true
	}
	if n.many == nil {
		n.many = map[string]bool{}
		for _, f := range n.few {
			n.many[f] = true
		}
	}
	if n.many[name] {
		return false
	}
	n.many[name] = true
	return true
}

package jsonstream

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of paths.
const (
	MaxSteps     = 16   // of one path
	MaxAllSteps  = 1024 // of all paths of one program
	MaxNameBytes = 256  // of a name in a path
)

type stepKind uint8

const (
	named stepKind = iota // the member of this name
	every                 // *: each member
	items                 // []: each item of an array
)

type step struct {
	kind stepKind
	name string
}

// A Path says where in a document something stands: names with dots between,
// "*" for each member of an object, "[]" behind a name for each item of an
// array. It begins at the root, except that a bare name is the member of this
// name at any depth; "$." in front holds it to the root. A backslash makes one
// of the characters . [ ] * $ \ part of a name.
//
// Arrays on the way are passed through: "card.number" is found in a list of
// cards too, and in a list as the root. "[]" asks for an array at its place.
type Path struct {
	steps    []step
	anywhere bool
}

// ParsePath reads a path.
func ParsePath(s string) (Path, error) {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return Path{}, errors.New("want a path in UTF-8 without NUL")
	}
	rest, rooted := s, false
	if after, ok := strings.CutPrefix(s, "$"); ok {
		rest, rooted = strings.TrimPrefix(after, "."), true
		if rest == after && !strings.HasPrefix(after, "[") {
			return Path{}, fmt.Errorf(`want "." or "[]" behind "$" in %q; a name that begins with it is written \$`, s)
		}
	}
	steps, err := parseSteps(rest)
	if err != nil {
		return Path{}, fmt.Errorf("path %q: %w", s, err)
	}
	bare := len(steps) == 1 && steps[0].kind == named
	return Path{steps: steps, anywhere: bare && !rooted}, nil
}

// Rooted returns p held to the root.
func (p Path) Rooted() Path {
	p.anywhere = false
	return p
}

// Steps returns how many steps p has.
func (p Path) Steps() int { return len(p.steps) }

func parseSteps(s string) ([]step, error) {
	var steps []step
	for first := true; first || s != ""; first = false {
		st, rest, err := parseStep(s, first)
		if err != nil {
			return nil, err
		}
		if steps, s = append(steps, st), rest; len(steps) > MaxSteps {
			return nil, fmt.Errorf("want at most %d steps", MaxSteps)
		}
	}
	return steps, nil
}

func parseStep(s string, first bool) (step, string, error) {
	if rest, ok := strings.CutPrefix(s, "[]"); ok {
		return step{kind: items}, rest, nil
	}
	if first {
		return parseMember(s)
	}
	rest, ok := strings.CutPrefix(s, ".")
	if !ok {
		return step{}, "", errors.New(`want "." or "[]" behind a step`)
	}
	return parseMember(rest)
}

// parseMember reads a name or "*" up to the next "." or "[".
func parseMember(s string) (step, string, error) {
	name, rest, err := scanName(s)
	switch {
	case err != nil:
		return step{}, "", err
	case strings.HasPrefix(rest, "[") && !strings.HasPrefix(rest, "[]"):
		return step{}, "", errors.New("want [] for all items of an array; single ones cannot be named")
	case len(s)-len(rest) == 1 && s[0] == '*':
		return step{kind: every}, rest, nil
	case name == "":
		return step{}, "", errors.New("want a name, * or []")
	case len(name) > MaxNameBytes:
		return step{}, "", fmt.Errorf("want names of at most %d bytes", MaxNameBytes)
	}
	return step{kind: named, name: name}, rest, nil
}

// scanName undoes the backslashes of a name, and returns what follows it.
func scanName(s string) (name, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '.', '[':
			return b.String(), s[i:], nil
		case '*':
			if alone := i == 0 && (len(s) == 1 || s[1] == '.' || s[1] == '['); !alone {
				return "", "", errors.New(`want * alone between dots; the character is written \*`)
			}
		case ']', '$':
			return "", "", fmt.Errorf(`want \%c where %q is part of a name`, c, c)
		case '\\':
			i++
			if i == len(s) || !strings.ContainsRune(`.[]*$\`, rune(s[i])) {
				return "", "", errors.New(`want one of . [ ] * $ \ behind a backslash`)
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", nil
}

package jose

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of a JSON text.
const (
	maxDepth   = 16
	maxMembers = 256 // of one object
)

// A Fault says in what way a text is none of its kind. It is a constant of the
// program and never holds any of the text.
type Fault string

// Error returns the fault.
func (f Fault) Error() string { return string(f) }

// parseObject reads a JSON object, and nothing behind it. Repeated members,
// half surrogate pairs and invalid UTF-8 are refused. Numbers are json.Number:
// as they were written.
func parseObject(text string) (map[string]any, error) {
	if !utf8.ValidString(text) {
		return nil, Fault("invalid UTF-8")
	}
	r := &reader{text: text}
	if r.peek() != '{' {
		return nil, Fault("not a JSON object")
	}
	object, err := r.object()
	if err != nil {
		return nil, err
	}
	if r.peek(); r.pos < len(text) {
		return nil, Fault("there is more after the JSON object")
	}
	return object, nil
}

// A reader reads a JSON text once, from the left to the right.
type reader struct {
	text  string
	pos   int
	depth int
}

// peek returns the next byte that is not space, 0 at the end.
func (r *reader) peek() byte {
	for ; r.pos < len(r.text); r.pos++ {
		switch c := r.text[r.pos]; c {
		case ' ', '\n', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

func (r *reader) value() (any, error) {
	switch c := r.peek(); {
	case c == '{':
		return r.object()
	case c == '[':
		return r.list()
	case c == '"':
		return r.string()
	case c == '-' || '0' <= c && c <= '9':
		return r.number()
	}
	return r.word()
}

func (r *reader) enter() error {
	r.pos++
	if r.depth++; r.depth > maxDepth {
		return Fault("the JSON nests too deep")
	}
	return nil
}

func (r *reader) object() (map[string]any, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	members := map[string]any{} // without room ahead: an object may be two bytes of the text
	for r.peek() != '}' || len(members) > 0 {
		if err := r.member(members); err != nil {
			return nil, err
		}
		if end, err := r.end('}'); end || err != nil {
			return members, err
		}
	}
	r.pos++
	r.depth--
	return members, nil
}

func (r *reader) member(into map[string]any) error {
	if r.peek() != '"' {
		return Fault("the name of a JSON member is missing")
	}
	name, err := r.string()
	if err != nil {
		return err
	}
	if _, twice := into[name]; twice {
		return Fault("a JSON member is given twice")
	}
	if len(into) == maxMembers {
		return Fault("a JSON object has too many members")
	}
	if r.peek() != ':' {
		return Fault("the colon of a JSON member is missing")
	}
	r.pos++
	into[name], err = r.value()
	return err
}

func (r *reader) list() ([]any, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	items := []any{}
	for r.peek() != ']' || len(items) > 0 {
		item, err := r.value()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		if end, err := r.end(']'); end || err != nil {
			return items, err
		}
	}
	r.pos++
	r.depth--
	return items, nil
}

// end reads what follows an element: a comma, or the closing bracket, for
// which it reports true.
func (r *reader) end(closing byte) (bool, error) {
	switch r.peek() {
	case ',':
		r.pos++
		return false, nil
	case closing:
		r.pos++
		r.depth--
		return true, nil
	}
	return false, Fault("a JSON element has no end")
}

// string reads a string; without escapes it is a part of the text.
func (r *reader) string() (string, error) {
	start := r.pos + 1
	for r.pos = start; r.pos < len(r.text); r.pos++ {
		switch c := r.text[r.pos]; {
		case c == '"':
			r.pos++
			return r.text[start : r.pos-1], nil
		case c < ' ':
			return "", Fault("a JSON string holds a control character")
		case c == '\\':
			return r.escaped(start)
		}
	}
	return "", Fault("a JSON string has no end")
}

// escaped reads on from the first escape of a string that began at start.
func (r *reader) escaped(start int) (string, error) {
	var s strings.Builder
	s.WriteString(r.text[start:r.pos])
	for r.pos < len(r.text) {
		switch c := r.text[r.pos]; {
		case c == '"':
			r.pos++
			return s.String(), nil
		case c < ' ':
			return "", Fault("a JSON string holds a control character")
		case c == '\\':
			char, err := r.escape()
			if err != nil {
				return "", err
			}
			s.WriteRune(char)
		default:
			s.WriteByte(c)
			r.pos++
		}
	}
	return "", Fault("a JSON string has no end")
}

func (r *reader) escape() (rune, error) {
	r.pos++
	if r.pos == len(r.text) {
		return 0, Fault("a JSON string has no end")
	}
	c := r.text[r.pos]
	r.pos++
	if c == 'u' {
		return r.unicode()
	}
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	return 0, Fault("a JSON string holds an unknown escape")
}

// unicode reads the digits behind \u, and the second half of a pair.
func (r *reader) unicode() (rune, error) {
	char, err := r.unit()
	switch {
	case err != nil:
		return 0, err
	case char < 0xD800 || char > 0xDFFF:
		return char, nil
	case char < 0xDC00 && strings.HasPrefix(r.text[r.pos:], `\u`):
		r.pos += 2
		low, err := r.unit()
		if err == nil && 0xDC00 <= low && low <= 0xDFFF {
			return (char-0xD800)<<10 | (low - 0xDC00) + 0x10000, nil
		}
	}
	return 0, Fault("a JSON string holds half a character")
}

func (r *reader) unit() (rune, error) {
	if len(r.text)-r.pos < 4 {
		return 0, Fault("a JSON string has no end")
	}
	n, err := strconv.ParseUint(r.text[r.pos:r.pos+4], 16, 16)
	if err != nil {
		return 0, Fault("a JSON string holds an unknown escape")
	}
	r.pos += 4
	return rune(n), nil
}

// number reads a number (RFC 8259 section 6).
func (r *reader) number() (json.Number, error) {
	start := r.pos
	r.take("-")
	whole := r.digits()
	ok := whole == 1 || whole > 1 && r.text[r.pos-whole] != '0'
	if r.take(".") {
		ok = r.digits() > 0 && ok
	}
	if r.take("eE") {
		r.take("+-")
		ok = r.digits() > 0 && ok
	}
	if !ok {
		return "", Fault("not a JSON number")
	}
	return json.Number(r.text[start:r.pos]), nil
}

func (r *reader) digits() int {
	start := r.pos
	for r.pos < len(r.text) && '0' <= r.text[r.pos] && r.text[r.pos] <= '9' {
		r.pos++
	}
	return r.pos - start
}

// take passes over one of the bytes, and reports whether it was there.
func (r *reader) take(one string) bool {
	if r.pos < len(r.text) && strings.IndexByte(one, r.text[r.pos]) >= 0 {
		r.pos++
		return true
	}
	return false
}

func (r *reader) word() (any, error) {
	rest := r.text[r.pos:]
	switch {
	case strings.HasPrefix(rest, "true"):
		r.pos += len("true")
		return true, nil
	case strings.HasPrefix(rest, "false"):
		r.pos += len("false")
		return false, nil
	case strings.HasPrefix(rest, "null"):
		r.pos += len("null")
		return nil, nil
	}
	return nil, Fault("not a JSON value")
}

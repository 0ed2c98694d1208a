package registry

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// text reads a string and returns its bytes with the quotes.
func (s *scanner) text() ([]byte, error) {
	start := s.pos
	for s.pos++; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return s.data[start:s.pos], nil
		case c < ' ':
			return nil, s.fail("control character in a string")
		case c == '\\':
			if err := s.escape(); err != nil {
				return nil, err
			}
		}
	}
	return nil, s.failAt(start, "the string has no end")
}

// escape reads an escape sequence up to its last byte. Half a surrogate pair
// is refused: it is no character.
func (s *scanner) escape() error {
	s.pos++
	if s.pos >= len(s.data) {
		return s.fail("the string has no end")
	}
	if s.data[s.pos] != 'u' {
		if bytes.IndexByte([]byte(`"\/bfnrt`), s.data[s.pos]) < 0 {
			return s.fail("unknown escape sequence")
		}
		return nil
	}
	unit, ok := s.unit()
	switch {
	case !ok:
		return s.fail("want four hexadecimal digits")
	case unit < 0xD800 || unit > 0xDFFF:
		return nil
	case unit < 0xDC00 && bytes.HasPrefix(s.data[s.pos+1:], []byte(`\u`)):
		s.pos += 2
		if low, ok := s.unit(); ok && 0xDC00 <= low && low <= 0xDFFF {
			return nil
		}
	}
	return s.fail("half a surrogate pair")
}

// unit reads the four digits behind the u.
func (s *scanner) unit() (rune, bool) {
	if s.pos+4 >= len(s.data) {
		return 0, false
	}
	var unit rune
	for _, c := range s.data[s.pos+1 : s.pos+5] {
		digit := bytes.IndexByte([]byte("0123456789abcdef"), c|0x20)
		if digit < 0 || c < '0' {
			return 0, false
		}
		unit = unit<<4 | rune(digit)
	}
	s.pos += 4
	return unit, true
}

// number reads a number (RFC 8259 section 6).
func (s *scanner) number() error {
	start := s.pos
	if s.data[s.pos] == '-' {
		s.pos++
	}
	whole := s.digits()
	ok := whole == 1 || whole > 1 && s.data[s.pos-whole] != '0'
	if s.take(".") {
		ok = s.digits() > 0 && ok
	}
	if s.take("eE") {
		s.take("+-")
		ok = s.digits() > 0 && ok
	}
	if !ok {
		return s.failAt(start, "not a number as JSON writes one")
	}
	return nil
}

func (s *scanner) digits() int {
	start := s.pos
	for s.pos < len(s.data) && '0' <= s.data[s.pos] && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos - start
}

// take passes over one of the bytes, and reports whether it was there.
func (s *scanner) take(bytesOf string) bool {
	if s.pos < len(s.data) && bytes.IndexByte([]byte(bytesOf), s.data[s.pos]) >= 0 {
		s.pos++
		return true
	}
	return false
}

// word reads true, false or null.
func (s *scanner) word() error {
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
			s.pos += len(word)
			return nil
		}
	}
	if s.pos >= len(s.data) {
		return s.fail("the text ends where a value is wanted")
	}
	return s.fail("want a value")
}

// skipSpace returns the offset of the first byte from pos on that is not space.
func skipSpace(data []byte, pos int) int {
	for pos < len(data) && (data[pos] == ' ' || data[pos] == '\n' || data[pos] == '\t' || data[pos] == '\r') {
		pos++
	}
	return pos
}

// skipValue returns the offset behind the value that begins at pos, in data
// that the scanner has found well formed.
func skipValue(data []byte, pos int) int {
	for depth := 0; ; {
		switch data[pos] {
		case '{', '[':
			depth++
			pos++
		case '}', ']':
			depth--
			pos++
		case '"':
			pos = skipText(data, pos)
		case ',', ':', ' ', '\n', '\t', '\r':
			pos++
			continue
		default:
			pos = skipPlain(data, pos)
		}
		if depth == 0 {
			return pos
		}
	}
}

func skipText(data []byte, pos int) int {
	for pos++; data[pos] != '"'; pos++ {
		if data[pos] == '\\' {
			pos++
		}
	}
	return pos + 1
}

func skipPlain(data []byte, pos int) int {
	for pos < len(data) && bytes.IndexByte([]byte(",:]} \n\t\r"), data[pos]) < 0 {
		pos++
	}
	return pos
}

// unquote returns the text of a string that the scanner has found well formed.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text
}

// invalidByte returns the offset of the first byte that is not UTF-8.
func invalidByte(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}

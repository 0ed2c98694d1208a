package payload

import (
	"strings"
	"unicode/utf8"
)

const (
	maxReference   = 16  // bytes between "&" and ";"
	maxDeclaration = 256 // bytes of the XML declaration
)

// refer takes the "&" of a reference.
func (m *xmlScanner) refer(i int) int {
	m.within, m.state, m.buf = m.state, xmlReference, m.buf[:0]
	return i + 1
}

// reference takes the next byte of a reference. Whatever is none of the five
// predefined ones, nor a character by its number, is an entity.
func (m *xmlScanner) reference(i int, c byte) int {
	n := len(m.buf)
	number := n > 0 && m.buf[0] == '#'
	switch {
	case c == ';' && n > 0:
		return m.resolve(i, number)
	case !number && (c >= utf8.RuneSelf || n == maxReference):
		return m.forbidden(i, "xml.entity", "an entity other than the predefined ones")
	case n == maxReference, n > 0 && xmlClass[c]&xmlNameByte == 0, n == 0 && c != '#' && xmlClass[c]&xmlNameStart == 0:
		return m.malformed(i, "& that begins no reference")
	}
	m.buf = append(m.buf, c)
	return i + 1
}

// resolve ends a reference at in[i].
func (m *xmlScanner) resolve(i int, number bool) int {
	r, ok := predefined(m.buf)
	switch {
	case number:
		if r, ok = numbered(m.buf[1:]); !ok {
			return m.fail(i, "xml.character", CodeMalformed, "a reference to a character that XML does not know")
		}
	case !ok:
		return m.forbidden(i, "xml.entity", "an entity other than the predefined ones")
	}
	m.state = m.within
	if m.state == xmlValue {
		var room [utf8.UTFMax]byte
		m.tag.include.run(utf8.AppendRune(room[:0], r))
	}
	return m.counted(i+1, len(m.buf)+2)
}

func predefined(name []byte) (rune, bool) {
	switch string(name) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "apos":
		return '\'', true
	case "quot":
		return '"', true
	}
	return 0, false
}

// numbered returns the character of a reference such as #38 or #x26, behind the
// first byte.
func numbered(digits []byte) (rune, bool) {
	base := rune(10)
	if len(digits) > 0 && digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	r := rune(0)
	for _, c := range digits {
		d := digitOf(c)
		if d >= base {
			return 0, false
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, false
		}
	}
	return r, len(digits) > 0 && xmlChar(r)
}

func digitOf(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return rune(c-'A') + 10
	}
	return 16
}

// declare takes the next byte of what begins with "<?" at the very start, where
// the XML declaration may stand, and nothing else.
func (m *xmlScanner) declare(i int, c byte) int {
	const target = "xml"
	n := len(m.buf)
	switch {
	case n < len(target) && c != target[n], n == len(target) && xmlClass[c]&xmlSpace == 0:
		return m.forbidden(i, "xml.instruction", "a processing instruction")
	case n == maxDeclaration:
		return m.malformed(i, "the XML declaration is too long")
	case c == '>' && m.buf[n-1] == '?':
		return m.declared(i, string(m.buf[len(target):n-1]))
	}
	m.buf = append(m.buf, c)
	return i + 1
}

// declared judges the declaration that ends at in[i] (section 2.8).
func (m *xmlScanner) declared(i int, text string) int {
	version, text, ok := pseudo(text, "version")
	if !ok || version != "1.0" {
		return m.malformed(i, "an XML declaration without version 1.0")
	}
	if encoding, rest, ok := pseudo(text, "encoding"); ok {
		if !strings.EqualFold(encoding, "utf-8") {
			return m.fail(i, "xml.encoding", CodeCharsetRefused, "want UTF-8")
		}
		text = rest
	}
	if alone, rest, ok := pseudo(text, "standalone"); ok && (alone == "yes" || alone == "no") {
		text = rest
	}
	if strings.Trim(text, " \t\r\n") != "" {
		return m.malformed(i, "no XML declaration")
	}
	m.state = xmlContent
	return i + 1
}

// pseudo takes name="value" from the start of text, behind space.
func pseudo(text, name string) (value, rest string, ok bool) {
	const space = " \t\r\n"
	trimmed := strings.TrimLeft(text, space)
	rest, ok = strings.CutPrefix(trimmed, name)
	if !ok || len(trimmed) == len(text) {
		return "", text, false
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(rest, space), "=")
	rest = strings.TrimLeft(rest, space)
	if !ok || rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return "", text, false
	}
	value, rest, ok = strings.Cut(rest[1:], rest[:1])
	return value, rest, ok
}

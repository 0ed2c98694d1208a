package payload

import "unicode/utf8"

// Classes of bytes, and what each may stand in.
const (
	xmlSpace     uint8 = 1 << iota
	xmlNameStart       // in ASCII
	xmlNameByte        // in ASCII
	xmlTextByte        // in content, needs no look
	xmlValueByte       // in the value of an attribute, needs no look
	xmlBad             // nowhere
)

var xmlClass = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c == ' ', c == '\t', c == '\n', c == '\r':
			t[c] = xmlSpace | xmlTextByte | xmlValueByte
		case c < ' ':
			t[c] = xmlBad
		case c >= utf8.RuneSelf, c == '<', c == '&':
		case c == ']':
			t[c] = xmlValueByte
		case c == '"', c == '\'':
			t[c] = xmlTextByte
		case c == '>':
			t[c] = xmlValueByte
		default:
			t[c] = xmlTextByte | xmlValueByte
		}
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_', c == ':':
			t[c] |= xmlNameStart | xmlNameByte
		case '0' <= c && c <= '9', c == '-', c == '.':
			t[c] |= xmlNameByte
		}
	}
	return t
}()

// run returns where the run ends of bytes of the class.
func (m *xmlScanner) run(i int, class uint8) int {
	in := m.in
	for i < len(in) && xmlClass[in[i]]&class != 0 {
		i++
	}
	return i
}

// content takes text between tags, or the space outside the root.
func (m *xmlScanner) content(i int) int {
	if m.utf8.need > 0 {
		return m.odd(i)
	}
	if len(m.open) == 0 {
		return m.outside(i)
	}
	m.first = false
	if end := m.run(i, xmlTextByte); end > i {
		m.brackets = 0
		return m.long(end, end-i)
	}
	c := m.in[i]
	switch c {
	case '<':
		m.state, m.brackets = xmlOpen, 0
		return i + 1
	case '&':
		m.brackets = 0
		return m.refer(i)
	case ']':
		m.brackets++
		return m.long(i+1, 1)
	case '>':
		if m.brackets >= 2 {
			return m.malformed(i, "]]> in a text")
		}
		m.brackets = 0
		return m.long(i+1, 1)
	}
	m.brackets = 0
	return m.beyond(i, c)
}

func (m *xmlScanner) outside(i int) int {
	if m.in[i] == '<' {
		m.state = xmlOpen
		return i + 1
	}
	m.first = false
	if end := m.run(i, xmlSpace); end > i {
		return end
	}
	return m.malformed(i, "something outside the root element")
}

// long counts n more bytes of text, which end before in[end].
func (m *xmlScanner) long(end, n int) int {
	if m.text += n; m.text > m.limits.text {
		at := m.offset + int64(end-(m.text-m.limits.text))
		return m.failAt(end, at, "xml.text", CodeTooLong, "a text that is longer than allowed")
	}
	return end
}

// beyond takes a byte that is no plain one: of a character beyond ASCII.
func (m *xmlScanner) beyond(i int, c byte) int {
	if r, size := wholeRune(m.in[i:]); size > 1 {
		if !xmlChar(r) {
			return m.badCharacter(i + size - 1)
		}
		return m.counted(i+size, size)
	}
	switch {
	case c < utf8.RuneSelf:
		return m.badCharacter(i)
	case !m.utf8.begin(c):
		return m.badUTF8(i)
	}
	m.cut = 1
	return i + 1
}

// odd takes another byte of a character that was cut.
func (m *xmlScanner) odd(i int) int {
	if !m.utf8.more(m.in[i]) {
		return m.badUTF8(i)
	}
	m.cut++
	if m.utf8.need > 0 {
		return i + 1
	}
	if !xmlChar(m.utf8.r) {
		return m.badCharacter(i)
	}
	return m.counted(i+1, m.cut)
}

// counted counts n bytes of whatever is read.
func (m *xmlScanner) counted(end, n int) int {
	if m.state == xmlValue {
		return m.valueLong(end, n)
	}
	return m.long(end, n)
}

func (m *xmlScanner) badUTF8(i int) int {
	return m.fail(i, "xml.utf8", CodeMalformed, "invalid UTF-8")
}

func (m *xmlScanner) badCharacter(i int) int {
	return m.fail(i, "xml.character", CodeMalformed, "a character that XML does not know")
}

// xmlChar reports whether r may stand in a document (section 2.2).
func xmlChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || ' ' <= r && r <= 0xd7ff ||
		0xe000 <= r && r <= 0xfffd || 0x10000 <= r && r <= 0x10ffff
}

// comment takes what stands in a comment, where "--" is its end.
func (m *xmlScanner) comment(i int) int {
	if m.utf8.need > 0 {
		return m.odd(i)
	}
	c := m.in[i]
	switch {
	case m.dashes == 2 && c != '>':
		return m.malformed(i, "-- in a comment")
	case m.dashes == 2:
		m.state = xmlContent
		return i + 1
	case c == '-':
		m.dashes++
		return m.long(i+1, 1)
	}
	m.dashes = 0
	return m.raw(i, c)
}

// cdata takes what stands in a section.
func (m *xmlScanner) cdata(i int) int {
	if m.utf8.need > 0 {
		return m.odd(i)
	}
	c := m.in[i]
	switch {
	case c == ']':
		m.brackets++
		return m.long(i+1, 1)
	case c == '>' && m.brackets >= 2:
		m.state, m.brackets = xmlContent, 0
		return m.long(i+1, 1)
	}
	m.brackets = 0
	return m.raw(i, c)
}

// raw takes a character that stands for itself.
func (m *xmlScanner) raw(i int, c byte) int {
	const some = xmlTextByte | xmlValueByte // dashes and brackets are looked at
	for end := i; ; end++ {
		if end == len(m.in) || m.in[end] == '-' || m.in[end] == ']' || xmlClass[m.in[end]]&some == 0 {
			if end > i {
				return m.long(end, end-i)
			}
			break
		}
	}
	if c == '<' || c == '&' || c == ']' || c == '-' {
		return m.long(i+1, 1)
	}
	return m.beyond(i, c)
}

package payload

import (
	"bytes"
	"unicode/utf8"
)

// readName appends to name as much of a name as is there, which began at
// name[begin], and reports whether it has ended before in[i].
func (m *xmlScanner) readName(i int, name []byte, begin int) ([]byte, int, bool) {
	for i < len(m.in) && m.fault == nil {
		c := m.in[i]
		switch {
		case m.utf8.need > 0:
			name, i = m.nameMore(i, c, name, begin)
		case xmlClass[c]&xmlNameByte != 0:
			if len(name) == begin && xmlClass[c]&xmlNameStart == 0 {
				return name, m.malformed(i, "no name"), false
			}
			end := m.run(i, xmlNameByte)
			name, i = m.named(end, m.in[i:end], name, begin)
		case c < utf8.RuneSelf:
			return name, i, true
		case m.utf8.begin(c):
			i++
		default:
			i = m.badUTF8(i)
		}
	}
	return name, i, false
}

// nameMore takes another byte of a character beyond ASCII.
func (m *xmlScanner) nameMore(i int, c byte, name []byte, begin int) ([]byte, int) {
	if !m.utf8.more(c) {
		return name, m.badUTF8(i)
	}
	if m.utf8.need > 0 {
		return name, i + 1
	}
	if !nameRune(m.utf8.r, len(name) == begin) {
		return name, m.malformed(i, "no name")
	}
	var room [utf8.UTFMax]byte
	return m.named(i+1, utf8.AppendRune(room[:0], m.utf8.r), name, begin)
}

// named appends a piece of a name that ends before in[end].
func (m *xmlScanner) named(end int, piece, name []byte, begin int) ([]byte, int) {
	if over := len(name) - begin + len(piece) - m.limits.name; over > 0 {
		at := m.offset + int64(end-over)
		return name, m.failAt(end, at, "xml.name", CodeTooLong, "a name that is longer than allowed")
	}
	return append(name, piece...), end
}

// nameRune reports whether r may stand in a name, or begin one (section 2.3).
func nameRune(r rune, first bool) bool {
	switch {
	case r == 0xd7, r == 0xf7, r == 0x37e:
		return false
	case 0xc0 <= r && r <= 0x2ff, 0x370 <= r && r <= 0x1fff, 0x200c <= r && r <= 0x200d, 0x2070 <= r && r <= 0x218f,
		0x2c00 <= r && r <= 0x2fef, 0x3001 <= r && r <= 0xd7ff, 0xf900 <= r && r <= 0xfdcf, 0xfdf0 <= r && r <= 0xfffd,
		0x10000 <= r && r <= 0xeffff:
		return true
	case first:
		return false
	}
	return r == 0xb7 || 0x300 <= r && r <= 0x36f || 0x203f <= r && r <= 0x2040
}

// qualified reports whether name is one of Namespaces in XML (section 4): with a
// prefix, or without a colon.
func qualified(name []byte) bool {
	prefix, local, found := bytes.Cut(name, []byte{':'})
	if !found {
		return true
	}
	if len(prefix) == 0 || len(local) == 0 || bytes.IndexByte(local, ':') >= 0 {
		return false
	}
	r, _ := utf8.DecodeRune(local)
	if r < utf8.RuneSelf {
		return xmlClass[r]&xmlNameStart != 0
	}
	return nameRune(r, true)
}

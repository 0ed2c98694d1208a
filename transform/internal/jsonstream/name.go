package jsonstream

import (
	"unicode/utf16"
	"unicode/utf8"
)

// beginName begins a name. One that stands in the piece as a whole, without
// escapes and in ASCII, is compared where it stands.
func (m *machine) beginName(i int, c byte) int {
	if c != '"' {
		return m.fail(i, "no name in quotes")
	}
	if m.mode != matching {
		m.state, m.isName = inString, true
		return i + 1
	}
	m.nameAt = i
	if m.p.elide && m.hold < 0 && !m.carried {
		m.hold, m.comma = i, false
	}
	in, end := m.in, plainEnd(m.in, i+1)
	if end < len(in) && in[end] == '"' {
		return m.endName(end+1, in[i+1:end])
	}
	m.state, m.nameLen, m.high, m.name = inName, 0, 0, m.name[:0]
	return i + 1
}

// endName moves to the member of this name.
func (m *machine) endName(i int, name []byte) int {
	if m.carried {
		m.raw = append(m.raw, m.in[m.nameAt:i]...)
	}
	m.nameEnd = i
	m.ends = m.p.toMember(m.next, m.now, name)
	return m.colon(i)
}

// colon reads on behind a name as far as the value goes.
func (m *machine) colon(i int) int {
	if i == len(m.in) || m.in[i] != ':' {
		m.state = wantColon
		return i
	}
	m.state = wantValue
	if i = m.skip(i + 1); i < len(m.in) && m.in[i] > ' ' {
		return m.value(i, m.in[i])
	}
	return i
}

// readName reads a name byte by byte, undoing its escapes.
func (m *machine) readName(i int) int {
	for ; i < len(m.in); i++ {
		if m.nameLen++; m.nameLen > MaxRawName {
			return m.fail(i, "a name that is too long")
		}
		c, escaped := m.in[i], m.text.esc != 0
		switch p := m.text.read(c); p {
		case within, raw:
			if !escaped && c != '\\' {
				if m.high != 0 {
					return m.fail(i, "half a surrogate pair in a name")
				}
				m.spell(c)
			}
		case code:
			if !m.unescape(m.text.code) {
				return m.fail(i, "half a surrogate pair or NUL in a name")
			}
		case closed:
			if m.high != 0 {
				return m.fail(i, "half a surrogate pair in a name")
			}
			return m.endName(i+1, m.name)
		default:
			return m.fail(i, p.reason())
		}
	}
	return i
}

// spell adds a byte to the name, unless it is longer than any that matters.
func (m *machine) spell(c byte) {
	if len(m.name) <= m.p.names.most {
		m.name = append(m.name, c)
	}
}

// unescape adds what an escape stands for. What parsers read differently is not
// taken: half a surrogate pair, and NUL, which ends a name in some languages.
func (m *machine) unescape(r rune) bool {
	switch {
	case r == 0:
		return false
	case m.high != 0:
		if r = utf16.DecodeRune(m.high, r); r == utf8.RuneError {
			return false
		}
		m.high = 0
	case lowSurrogate(r):
		return false
	case utf16.IsSurrogate(r):
		m.high = r
		return true
	}
	var room [utf8.UTFMax]byte
	for _, c := range room[:utf8.EncodeRune(room[:], r)] {
		m.spell(c)
	}
	return true
}

func lowSurrogate(r rune) bool { return 0xdc00 <= r && r <= 0xdfff }

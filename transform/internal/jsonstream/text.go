package jsonstream

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// classes tells bytes within a string apart.
type class uint8

const (
	plain class = iota
	quote
	escape
	control
	beyond // ASCII
)

var classes = func() (t [256]class) {
	for c := range t {
		switch {
		case c < ' ':
			t[c] = control
		case c == '"':
			t[c] = quote
		case c == '\\':
			t[c] = escape
		case c >= utf8.RuneSelf:
			t[c] = beyond
		}
	}
	return t
}()

// plainEnd returns where the plain bytes end that begin at in[i]: eight are
// looked at together.
func plainEnd(in []byte, i int) int {
	for ; i+8 <= len(in); i += 8 {
		if odd := notPlain(binary.LittleEndian.Uint64(in[i:])); odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for i < len(in) && classes[in[i]] == plain {
		i++
	}
	return i
}

// notPlain sets the highest bit of bytes that are not plain. Of those behind the
// first, it may be wrong: they may have lent it one.
func notPlain(b uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quotes, escapes := b^ones*'"', b^ones*'\\'
	return (b | (b - ones*' ') | (quotes - ones) | (escapes - ones)) & highs
}

// A text is how far one character of a string has been read. At the end of a
// string it is as it was at the start.
type text struct {
	esc    uint8 // 0: none, 1: behind the backslash, 2 to 5: before the digits of \u
	need   uint8 // bytes of UTF-8 that are still to come
	lo, hi byte  // what the next of them may be
	code   rune  // what an escape stands for
}

type progress uint8

const (
	within progress = iota // a character
	raw                    // a character as it is
	code                   // an escape
	closed                 // the string
	badEscape
	badUTF8
	badControl
)

// within reports whether a character has begun.
func (t *text) within() bool { return t.esc != 0 || t.need != 0 }

// read takes one byte of a string.
func (t *text) read(c byte) progress {
	switch {
	case t.need > 0:
		return t.more(c)
	case t.esc == 1:
		return t.short(c)
	case t.esc > 1:
		return t.digit(c)
	}
	switch classes[c] {
	case quote:
		return closed
	case escape:
		t.esc = 1
		return within
	case control:
		return badControl
	case beyond:
		return t.lead(c)
	}
	return raw
}

// lead takes the first byte of a character beyond ASCII (RFC 3629 section 4).
func (t *text) lead(c byte) progress {
	t.lo, t.hi = 0x80, 0xbf
	switch {
	case 0xc2 <= c && c <= 0xdf:
		t.need = 1
	case 0xe0 <= c && c <= 0xef:
		t.need = 2
	case 0xf0 <= c && c <= 0xf4:
		t.need = 3
	default:
		return badUTF8
	}
	switch c {
	case 0xe0:
		t.lo = 0xa0
	case 0xed:
		t.hi = 0x9f
	case 0xf0:
		t.lo = 0x90
	case 0xf4:
		t.hi = 0x8f
	}
	return within
}

func (t *text) more(c byte) progress {
	if c < t.lo || c > t.hi {
		return badUTF8
	}
	t.lo, t.hi = 0x80, 0xbf
	if t.need--; t.need > 0 {
		return within
	}
	return raw
}

// short takes the byte behind the backslash.
func (t *text) short(c byte) progress {
	t.esc = 0
	switch c {
	case '"', '\\', '/':
		t.code = rune(c)
	case 'b':
		t.code = '\b'
	case 'f':
		t.code = '\f'
	case 'n':
		t.code = '\n'
	case 'r':
		t.code = '\r'
	case 't':
		t.code = '\t'
	case 'u':
		t.esc, t.code = 2, 0
		return within
	default:
		return badEscape
	}
	return code
}

func (t *text) digit(c byte) progress {
	switch {
	case '0' <= c && c <= '9':
		c -= '0'
	case 'a' <= c && c <= 'f':
		c -= 'a' - 10
	case 'A' <= c && c <= 'F':
		c -= 'A' - 10
	default:
		return badEscape
	}
	t.code = t.code<<4 | rune(c)
	if t.esc++; t.esc <= 5 {
		return within
	}
	t.esc = 0
	return code
}

func (p progress) reason() string {
	switch p {
	case badEscape:
		return "an escape that JSON does not know"
	case badUTF8:
		return "invalid UTF-8"
	default:
		return "a control character in a string"
	}
}

// readString reads a string of which only the validity counts, or the tail.
func (m *machine) readString(i int) int {
	for i < len(m.in) && m.fault == nil && m.state == inString {
		if m.text.within() {
			i = m.readSlow(i)
		} else {
			i = m.readFast(i)
		}
	}
	return i
}

func (m *machine) readFast(i int) int {
	in, from := m.in, i
	i = plainEnd(in, i)
	if m.tail.open {
		m.tail.run(in[from:i])
	}
	if i == len(in) {
		return i
	}
	if in[i] == '"' {
		return m.stringEnd(i + 1)
	}
	if in[i] >= utf8.RuneSelf && !m.tail.open {
		if r, size := utf8.DecodeRune(in[i:]); r != utf8.RuneError || size > 1 {
			return i + size
		}
	}
	return m.readSlow(i)
}

func (m *machine) readSlow(i int) int {
	c := m.in[i]
	switch p := m.text.read(c); p {
	case within:
		m.tail.add(c)
	case raw, code:
		m.tail.add(c)
		m.tail.done(p == code && lowSurrogate(m.text.code))
	case closed:
		return m.stringEnd(i + 1)
	default:
		return m.fail(i, p.reason())
	}
	return i + 1
}

func (m *machine) stringEnd(i int) int {
	if !m.isName {
		return m.valueEnd(i)
	}
	return m.colon(i)
}

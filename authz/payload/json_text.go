package payload

import (
	"unicode/utf16"
	"unicode/utf8"
)

// A jsonText is a string or a name as far as it was read.
type jsonText struct {
	isName bool
	begin  int64
	esc    uint8 // 0: none, 1: behind the backslash, 2 to 5: before the digits of \u
	code   rune  // what an escape stands for
	high   rune  // a surrogate that waits for the other
	utf8   character
	name   []byte // escapes undone
}

func (m *jsonScanner) beginName(i int, c byte) int {
	if c != '"' {
		return m.malformed(i, "no name in quotes")
	}
	if m.entry++; m.entry > m.limits.keys {
		return m.fail(i, "json.keys", CodeTooMany, "more members of an object than allowed")
	}
	return m.beginText(i, true)
}

// beginText reads a string or a name whose quote is in[i]. One that stands in
// the piece as a whole, in ASCII and without escapes, is done at once.
func (m *jsonScanner) beginText(i int, isName bool) int {
	t := &m.text
	i++
	t.begin, t.isName = m.offset+int64(i), isName
	end := plain(m.in, i)
	if end < len(m.in) && m.in[end] == '"' && end-i <= m.limits.of(isName) {
		return m.textEnd(end, m.in[i:end])
	}
	m.state, t.name = inText, t.name[:0]
	return m.readText(i)
}

func (m *jsonScanner) readText(i int) int {
	for i < len(m.in) && m.fault == nil && m.state == inText {
		t := &m.text
		if t.esc != 0 || t.utf8.need != 0 {
			i = m.readOdd(i)
			continue
		}
		if end := plain(m.in, i); end > i {
			i = m.run(i, end)
			continue
		}
		switch c := m.in[i]; {
		case c == '"':
			i = m.quote(i)
		case c == '\\':
			t.esc = 1
			i++
		case c < ' ':
			m.malformed(i, "a control character in a string")
		default:
			i = m.beyond(i, c)
		}
	}
	return i
}

// run takes in[i:end], which stands for itself.
func (m *jsonScanner) run(i, end int) int {
	t := &m.text
	if t.high != 0 {
		return m.surrogate(i)
	}
	if !m.within(end) {
		return i
	}
	if t.isName {
		t.name = append(t.name, m.in[i:end]...)
	}
	return end
}

// beyond takes a character beyond ASCII.
func (m *jsonScanner) beyond(i int, c byte) int {
	t := &m.text
	if _, size := wholeRune(m.in[i:]); size > 0 {
		return m.run(i, i+size)
	}
	if t.high != 0 {
		return m.surrogate(i)
	}
	if !t.utf8.begin(c) {
		return m.fail(i, "json.utf8", CodeMalformed, "invalid UTF-8")
	}
	return i + 1
}

// within reports whether the text may go on to in[end].
func (m *jsonScanner) within(end int) bool {
	t := &m.text
	most := int64(m.limits.of(t.isName))
	if m.offset+int64(end)-t.begin <= most {
		return true
	}
	if t.isName {
		m.failAt(end, t.begin+most, "json.key", CodeTooLong, "a name that is longer than allowed")
	} else {
		m.failAt(end, t.begin+most, "json.string", CodeTooLong, "a string that is longer than allowed")
	}
	return false
}

// readOdd takes one byte of a character that is cut, or of an escape.
func (m *jsonScanner) readOdd(i int) int {
	t, c := &m.text, m.in[i]
	if t.utf8.need == 0 {
		return m.escape(i, c)
	}
	if !t.utf8.more(c) {
		return m.fail(i, "json.utf8", CodeMalformed, "invalid UTF-8")
	}
	if t.utf8.need == 0 && m.within(i+1) {
		m.append(t.utf8.r)
	}
	return i + 1
}

func (m *jsonScanner) append(r rune) {
	if m.text.isName {
		m.text.name = utf8.AppendRune(m.text.name, r)
	}
}

func (m *jsonScanner) escape(i int, c byte) int {
	t := &m.text
	if t.esc > 1 {
		return m.digit(i, c)
	}
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
		return i + 1
	default:
		return m.malformed(i, "an escape that JSON does not know")
	}
	return m.escaped(i)
}

func (m *jsonScanner) digit(i int, c byte) int {
	t := &m.text
	switch {
	case '0' <= c && c <= '9':
		c -= '0'
	case 'a' <= c && c <= 'f':
		c -= 'a' - 10
	case 'A' <= c && c <= 'F':
		c -= 'A' - 10
	default:
		return m.malformed(i, "an escape that JSON does not know")
	}
	t.code = t.code<<4 | rune(c)
	if t.esc++; t.esc <= 5 {
		return i + 1
	}
	t.esc = 0
	return m.escaped(i)
}

// escaped takes what an escape stands for, in[i] being the last byte of it.
// What parsers read differently is not taken: half a surrogate pair, and NUL in
// a name, which ends it in some languages.
func (m *jsonScanner) escaped(i int) int {
	t := &m.text
	r := t.code
	switch {
	case t.high != 0:
		if r = utf16.DecodeRune(t.high, r); r == utf8.RuneError {
			return m.surrogate(i)
		}
		t.high = 0
	case 0xd800 <= r && r <= 0xdbff:
		t.high = r
		return i + 1
	case 0xdc00 <= r && r <= 0xdfff:
		return m.surrogate(i)
	case r == 0 && t.isName:
		return m.fail(i, "json.nul", CodeMalformed, "NUL in a name")
	}
	if m.within(i + 1) {
		m.append(r)
	}
	return i + 1
}

func (m *jsonScanner) surrogate(i int) int {
	return m.fail(i, "json.surrogate", CodeMalformed, "half a surrogate pair")
}

// quote ends a text that was not done at once.
func (m *jsonScanner) quote(i int) int {
	if m.text.high != 0 {
		return m.surrogate(i)
	}
	return m.textEnd(i, m.text.name)
}

// textEnd takes the quote in[i] behind a text. The name counts where it is one.
func (m *jsonScanner) textEnd(i int, name []byte) int {
	if !m.text.isName {
		m.valueEnd()
		return i + 1
	}
	if m.limits.unique && !m.distinct(i, name) {
		return i
	}
	return m.colon(i + 1)
}

func (m *jsonScanner) distinct(i int, name []byte) bool {
	if m.names.full() {
		m.fail(i, "json.keys", CodeTooMany, "more members of open objects than are compared")
		return false
	}
	if !m.names.add(&m.open[len(m.open)-1].scope, name) {
		m.fail(i, "json.duplicate_keys", CodeDuplicateKey, "two members of one name")
		return false
	}
	return true
}

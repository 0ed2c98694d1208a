package payload

import "hash/maphash"

type jsonState uint8

// What may come next.
const (
	wantDocument jsonState = iota
	wantValue
	wantItem  // or the end of the array
	wantFirst // name, or the end of the object
	wantName
	wantColon
	wantComma // or the end of what it stands in
	ended     // space only
	inText
	inNumber
	inWord
)

// A jsonScanner holds JSON to RFC 8259 by the letter, and to its limits. It may
// stop between any two bytes.
type jsonScanner struct {
	faulty
	limits jsonLimits
	state  jsonState
	in     []byte
	object bool // what is read stands in an object
	entry  int  // of what it stands in, counted from 1
	open   []container
	values int
	names  names

	text   jsonText
	number jsonNumber
	word   string
	wordAt int
}

// A container is an object or array that has begun.
type container struct {
	scope
	object bool
	entry  int // of what it stands in itself
}

func newJSONScanner(limits jsonLimits, seed maphash.Seed) *jsonScanner {
	return &jsonScanner{limits: limits, names: names{seed: seed}, open: make([]container, 0, 16)}
}

func (m *jsonScanner) reset() {
	m.names.reset()
	m.text.name = m.text.name[:0]
	*m = jsonScanner{limits: m.limits, names: m.names, open: m.open[:0], text: jsonText{name: m.text.name}}
}

// feed reads all of in.
func (m *jsonScanner) feed(in []byte) *Fault {
	m.in = in
	for i := 0; i < len(in) && m.fault == nil; {
		i = m.step(i)
	}
	m.in = nil
	m.offset += int64(len(in))
	return m.fault
}

// finish tells that nothing comes any more.
func (m *jsonScanner) finish() *Fault {
	if m.state == inNumber && len(m.open) == 0 {
		m.numberEnd(0)
	}
	if m.state != ended {
		m.malformed(0, "the document is not whole")
	}
	return m.fault
}

func (m *jsonScanner) malformed(i int, reason string) int {
	return m.fail(i, "json.syntax", CodeMalformed, reason)
}

func (m *jsonScanner) step(i int) int {
	switch m.state {
	case wantComma:
		if c := m.in[i]; c > ' ' {
			return m.separate(i, c)
		}
	case inText:
		return m.readText(i)
	case inNumber:
		return m.readNumber(i)
	case inWord:
		return m.readWord(i)
	}
	switch c := m.in[i]; c {
	case ' ', '\n', '\r', '\t':
		return m.space(i + 1)
	default:
		return m.structure(i, c)
	}
}

func (m *jsonScanner) space(i int) int {
	for in := m.in; i < len(in); i++ {
		if c := in[i]; c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return i
		}
	}
	return i
}

func (m *jsonScanner) structure(i int, c byte) int {
	switch m.state {
	case wantComma:
		return m.separate(i, c)
	case wantDocument, wantValue:
		return m.value(i, c)
	case wantItem:
		if c == ']' {
			return m.pop(i)
		}
		return m.value(i, c)
	case wantFirst:
		if c == '}' {
			return m.pop(i)
		}
		return m.beginName(i, c)
	case wantName:
		return m.beginName(i, c)
	case wantColon:
		return m.colon(i)
	}
	return m.malformed(i, "something behind the document")
}

// separate takes the comma behind a value, or the end of what it stands in.
func (m *jsonScanner) separate(i int, c byte) int {
	switch {
	case c == ',':
		return m.another(i + 1)
	case c == '}' && m.object, c == ']' && !m.object:
		return m.pop(i)
	}
	return m.malformed(i, "neither comma nor end behind a value")
}

// another reads on behind a comma: a whole entry where it is there.
func (m *jsonScanner) another(i int) int {
	m.state = wantValue
	if m.object {
		m.state = wantName
	}
	if i = m.space(i); i == len(m.in) {
		return i
	}
	if m.object {
		return m.beginName(i, m.in[i])
	}
	return m.value(i, m.in[i])
}

// colon reads on behind a name, as far as the value goes.
func (m *jsonScanner) colon(i int) int {
	if i == len(m.in) {
		m.state = wantColon
		return i
	}
	switch m.in[i] {
	case ':':
		m.state = wantValue
		if i = m.space(i + 1); i < len(m.in) {
			return m.value(i, m.in[i])
		}
		return i
	case ' ', '\n', '\r', '\t':
		m.state = wantColon
		return i
	}
	return m.malformed(i, "no colon behind a name")
}

func (m *jsonScanner) value(i int, c byte) int {
	if m.values++; m.values > m.limits.values {
		return m.fail(i, "json.values", CodeTooMany, "more values than allowed")
	}
	if !m.object {
		if m.entry++; m.entry > m.limits.elements {
			return m.fail(i, "json.elements", CodeTooMany, "more elements of an array than allowed")
		}
	}
	switch c {
	case '"':
		return m.beginText(i, false)
	case '{', '[':
		return m.push(i, c == '{')
	case 't':
		return m.beginWord(i, "true")
	case 'f':
		return m.beginWord(i, "false")
	case 'n':
		return m.beginWord(i, "null")
	}
	if c == '-' || '0' <= c && c <= '9' {
		return m.beginNumber(i)
	}
	return m.malformed(i, "no value")
}

func (m *jsonScanner) push(i int, object bool) int {
	if len(m.open) == m.limits.depth {
		return m.fail(i, "json.depth", CodeTooDeep, "nested deeper than allowed")
	}
	c := container{object: object, entry: m.entry}
	m.state, m.object, m.entry = wantItem, object, 0
	if object {
		c.scope, m.state = m.names.open(), wantFirst
	}
	m.open = append(m.open, c)
	return i + 1
}

func (m *jsonScanner) pop(i int) int {
	last := len(m.open) - 1
	if m.object {
		m.names.close(&m.open[last].scope)
	}
	m.entry = m.open[last].entry
	m.open = m.open[:last]
	m.object = last > 0 && m.open[last-1].object
	m.valueEnd()
	return i + 1
}

func (m *jsonScanner) valueEnd() {
	m.state = wantComma
	if len(m.open) == 0 {
		m.state = ended
	}
}

func (m *jsonScanner) beginWord(i int, word string) int {
	m.state, m.word, m.wordAt = inWord, word, 0
	return m.readWord(i)
}

func (m *jsonScanner) readWord(i int) int {
	for ; i < len(m.in); i++ {
		if m.in[i] != m.word[m.wordAt] {
			return m.malformed(i, "no value")
		}
		if m.wordAt++; m.wordAt == len(m.word) {
			m.valueEnd()
			return i + 1
		}
	}
	return i
}

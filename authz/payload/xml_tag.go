package payload

import (
	"bytes"
	"hash/maphash"
)

// An xmlTagState is a start tag as far as it was read.
type xmlTagState struct {
	names      names
	scope      scope
	attributes int
	namespaces int
	spaced     bool
	quote      byte
	name       []byte
	length     int // of the value
	include    includeMatch
}

func (t *xmlTagState) clear(seed maphash.Seed) {
	t.names.seed = seed
	t.names.reset()
	*t = xmlTagState{names: t.names, name: t.name[:0]}
}

// beginElement takes the first byte of the name of a start tag.
func (m *xmlScanner) beginElement(i int) int {
	switch n := len(m.open); {
	case n == 0 && m.rooted:
		return m.malformed(i, "a second root element")
	case n == m.limits.depth:
		return m.fail(i, "xml.depth", CodeTooDeep, "nested deeper than allowed")
	case m.elements == m.limits.elements:
		return m.fail(i, "xml.elements", CodeTooMany, "more elements than allowed")
	case n > 0 && m.open[n-1].children == m.limits.children:
		return m.fail(i, "xml.children", CodeTooMany, "more elements in one than allowed")
	case n > 0:
		m.open[n-1].children++
	}
	m.elements++
	m.rooted, m.state = true, xmlName
	m.open = append(m.open, element{name: len(m.path)})
	return i
}

// name takes the name of a start tag.
func (m *xmlScanner) name(i int) int {
	begin := m.open[len(m.open)-1].name
	var done bool
	if m.path, i, done = m.readName(i, m.path, begin); !done {
		return i
	}
	if name := m.path[begin:]; len(name) == 0 || !qualified(name) {
		return m.malformed(i, "no name of an element")
	}
	t := &m.tag
	t.scope, t.attributes, t.namespaces, t.spaced = t.names.open(), 0, 0, false
	m.state = xmlTag
	return i
}

// between takes what stands between the parts of a tag.
func (m *xmlScanner) between(i int, c byte) int {
	if xmlClass[c]&xmlSpace != 0 && m.state != xmlEmpty {
		m.tag.spaced = true
		return m.run(i, xmlSpace)
	}
	switch {
	case m.state == xmlTag && c == '/':
		m.state = xmlEmpty
	case m.state == xmlTag && c == '>':
		m.endTag()
	case m.state == xmlEmpty && c == '>':
		m.endTag()
		m.pop()
	case m.state == xmlEnd && c == '>':
		m.pop()
	case m.state == xmlEquals && c == '=':
		m.state = xmlQuote
	case m.state == xmlQuote && (c == '"' || c == '\''):
		m.tag.quote, m.tag.length, m.state = c, 0, xmlValue
	case m.state == xmlTag:
		return m.beginAttribute(i)
	default:
		return m.malformed(i, "no tag")
	}
	return i + 1
}

func (m *xmlScanner) endTag() {
	m.tag.names.close(&m.tag.scope)
	m.state, m.text = xmlContent, 0
}

func (m *xmlScanner) pop() {
	last := len(m.open) - 1
	m.path, m.open = m.path[:m.open[last].name], m.open[:last]
	m.state, m.text = xmlContent, 0
}

func (m *xmlScanner) beginAttribute(i int) int {
	t := &m.tag
	if !t.spaced {
		return m.malformed(i, "no space before an attribute")
	}
	if t.attributes++; t.attributes > m.limits.attributes {
		return m.fail(i, "xml.attributes", CodeTooMany, "more attributes of an element than allowed")
	}
	m.state, t.name = xmlAttribute, t.name[:0]
	return i
}

// attribute takes the name of an attribute.
func (m *xmlScanner) attribute(i int) int {
	t := &m.tag
	var done bool
	if t.name, i, done = m.readName(i, t.name, 0); !done {
		return i
	}
	prefix, local, found := bytes.Cut(t.name, []byte{':'})
	if !found {
		local = prefix
	}
	declares := string(prefix) == "xmlns"
	t.include = includeMatch{off: !declares}
	switch {
	case len(t.name) == 0 || !qualified(t.name):
		return m.malformed(i, "no name of an attribute")
	case !t.names.add(&t.scope, t.name):
		return m.malformed(i, "two attributes of one name")
	case !m.limits.schemas && found && (string(local) == "schemaLocation" || string(local) == "noNamespaceSchemaLocation"):
		return m.forbidden(i, "xml.schema_location", "a reference to a schema")
	case declares && t.namespaces == m.limits.namespaces:
		return m.fail(i, "xml.namespaces", CodeTooMany, "more declarations of namespaces on an element than allowed")
	case declares:
		t.namespaces++
	}
	m.state = xmlEquals
	return i
}

// value takes the value of an attribute, behind its first quote.
func (m *xmlScanner) value(i int) int {
	t := &m.tag
	if m.utf8.need > 0 {
		return m.odd(i)
	}
	if end := m.run(i, xmlValueByte); end > i {
		t.include.run(m.in[i:end])
		return m.valueLong(end, end-i)
	}
	switch c := m.in[i]; c {
	case t.quote:
		if t.include.whole() {
			return m.forbidden(i, "xml.include", "XInclude")
		}
		t.spaced, m.state = false, xmlTag
		return i + 1
	case '"', '\'':
		t.include.off = true
		return m.valueLong(i+1, 1)
	case '&':
		return m.refer(i)
	case '<':
		return m.malformed(i, "< in the value of an attribute")
	default:
		t.include.off = true
		return m.beyond(i, c)
	}
}

// valueLong counts n more bytes of a value, which end before in[end].
func (m *xmlScanner) valueLong(end, n int) int {
	t := &m.tag
	if t.length += n; t.length > m.limits.value {
		at := m.offset + int64(end-(t.length-m.limits.value))
		return m.failAt(end, at, "xml.value", CodeTooLong, "a value that is longer than allowed")
	}
	return end
}

// endName compares the name of an end tag.
func (m *xmlScanner) endName(i int, c byte) int {
	if m.matched == len(m.path) {
		m.state = xmlEnd
		return i
	}
	if c != m.path[m.matched] {
		return m.malformed(i, "the end tag of another element")
	}
	m.matched++
	return i + 1
}

// An includeMatch compares the name of a namespace with that of XInclude, by
// which a document brings in others.
type includeMatch struct {
	off bool
	n   int
}

const includeName = "http://www.w3.org/2001/XInclude"

func (m *includeMatch) run(b []byte) {
	switch {
	case m.off:
	case m.n+len(b) > len(includeName) || string(b) != includeName[m.n:m.n+len(b)]:
		m.off = true
	default:
		m.n += len(b)
	}
}

func (m *includeMatch) whole() bool { return !m.off && m.n == len(includeName) }

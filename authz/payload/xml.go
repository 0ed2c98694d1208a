package payload

import "hash/maphash"

type xmlState uint8

// What is read of XML.
const (
	xmlStart     xmlState = iota // the first bytes, where a mark may stand
	xmlMark                      // the UTF-8 byte order mark
	xmlContent                   // text, or space outside the root
	xmlOpen                      // behind "<"
	xmlBang                      // behind "<!"
	xmlDash                      // behind "<!-"
	xmlComment                   // within a comment
	xmlCDATAOpen                 // within "<![CDATA["
	xmlCDATA                     // within a section
	xmlDeclare                   // behind "<?"
	xmlName                      // of a start tag
	xmlTag                       // between the attributes of a start tag
	xmlEmpty                     // behind the "/" of an empty element
	xmlAttribute                 // name of an attribute
	xmlEquals                    // behind it
	xmlQuote                     // behind "="
	xmlValue
	xmlReference // behind "&"
	xmlEndName   // of an end tag
	xmlEnd       // behind it
)

// An xmlScanner holds XML to being well-formed (XML 1.0, fifth edition), and to
// its limits. Of what may be there it takes no document type, no processing
// instruction, and no entity but the five that are predefined. It may stop
// between any two bytes.
//
// encoding/xml is not used: it keeps a text of any length whole, and takes what
// is not well-formed, such as several roots and two attributes of one name.
type xmlScanner struct {
	faulty
	limits xmlLimits
	seed   maphash.Seed
	state  xmlState
	in     []byte

	first    bool // nothing came before: a declaration may stand here
	rooted   bool // the root has begun
	elements int
	open     []element
	path     []byte // names of the open elements, one after the other
	text     int    // bytes of the text between two tags

	brackets int // "]" in a row
	dashes   int // "-" in a row
	matched  int // of what is awaited
	tag      xmlTagState
	utf8     character
	cut      int // bytes of a character that are read
	buf      []byte
	within   xmlState // where a reference stands
}

// An element is one that has begun.
type element struct {
	name     int // begins here in path
	children int
}

func newXMLScanner(limits xmlLimits, seed maphash.Seed) *xmlScanner {
	m := &xmlScanner{limits: limits, seed: seed, open: make([]element, 0, 16), path: make([]byte, 0, 256), buf: make([]byte, 0, maxDeclaration+1)}
	m.reset()
	return m
}

func (m *xmlScanner) reset() {
	tag := m.tag
	tag.clear(m.seed)
	*m = xmlScanner{limits: m.limits, seed: m.seed, open: m.open[:0], path: m.path[:0], buf: m.buf[:0], tag: tag, first: true}
}

// feed reads all of in.
func (m *xmlScanner) feed(in []byte) *Fault {
	m.in = in
	for i := 0; i < len(in) && m.fault == nil; {
		i = m.step(i)
	}
	m.in = nil
	m.offset += int64(len(in))
	return m.fault
}

// finish tells that nothing comes any more.
func (m *xmlScanner) finish() *Fault {
	if m.state != xmlContent || m.utf8.need > 0 || len(m.open) > 0 || !m.rooted {
		m.malformed(0, "the document is not whole")
	}
	return m.fault
}

func (m *xmlScanner) malformed(i int, reason string) int {
	return m.fail(i, "xml.syntax", CodeMalformed, reason)
}

func (m *xmlScanner) forbidden(i int, rule, reason string) int {
	return m.fail(i, rule, CodeForbidden, reason)
}

func (m *xmlScanner) step(i int) int {
	switch c := m.in[i]; m.state {
	case xmlStart, xmlMark:
		return m.start(i, c)
	case xmlContent:
		return m.content(i)
	case xmlOpen:
		return m.markup(i, c)
	case xmlBang:
		return m.bang(i, c)
	case xmlDash:
		return m.dash(i, c)
	case xmlComment:
		return m.comment(i)
	case xmlCDATAOpen:
		return m.cdataOpen(i, c)
	case xmlCDATA:
		return m.cdata(i)
	case xmlDeclare:
		return m.declare(i, c)
	case xmlName:
		return m.name(i)
	case xmlAttribute:
		return m.attribute(i)
	case xmlValue:
		return m.value(i)
	case xmlReference:
		return m.reference(i, c)
	case xmlEndName:
		return m.endName(i, c)
	default:
		return m.between(i, c)
	}
}

// start looks at the first bytes: at a byte order mark, and at what is no UTF-8
// to begin with.
func (m *xmlScanner) start(i int, c byte) int {
	const mark = "\xef\xbb\xbf"
	at := m.offset + int64(i)
	switch {
	case m.state == xmlMark && c != mark[m.matched]:
		return m.fail(i, "xml.utf8", CodeMalformed, "invalid UTF-8")
	case m.state == xmlMark || at == 0 && c == mark[0]:
		m.state = xmlMark
		if m.matched++; m.matched == len(mark) {
			m.state = xmlContent
		}
		return i + 1
	case c == 0xfe || c == 0xff || c == 0:
		return m.fail(i, "xml.encoding", CodeCharsetRefused, "want UTF-8")
	}
	m.state = xmlContent
	return i
}

// markup takes the byte behind "<".
func (m *xmlScanner) markup(i int, c byte) int {
	first := m.first
	m.first = false
	switch {
	case c == '?' && first:
		m.state, m.buf = xmlDeclare, m.buf[:0]
		return i + 1
	case c == '?':
		return m.forbidden(i, "xml.instruction", "a processing instruction")
	case c == '!':
		m.state = xmlBang
		return i + 1
	case c == '/' && len(m.open) > 0:
		m.state, m.matched = xmlEndName, m.open[len(m.open)-1].name
		return i + 1
	case c == 0 && m.offset+int64(i) == 1:
		return m.fail(i, "xml.encoding", CodeCharsetRefused, "want UTF-8")
	}
	return m.beginElement(i)
}

// bang takes the byte behind "<!".
func (m *xmlScanner) bang(i int, c byte) int {
	switch {
	case c == '-':
		m.state = xmlDash
		return i + 1
	case c == '[' && len(m.open) > 0:
		m.state, m.matched = xmlCDATAOpen, 0
		return i + 1
	case 'A' <= c&^0x20 && c&^0x20 <= 'Z':
		return m.forbidden(i, "xml.dtd", "a document type or a declaration of one")
	}
	return m.malformed(i, "no markup")
}

func (m *xmlScanner) cdataOpen(i int, c byte) int {
	const rest = "CDATA["
	if c != rest[m.matched] {
		return m.malformed(i, "no markup")
	}
	if m.matched++; m.matched == len(rest) {
		m.state, m.brackets = xmlCDATA, 0
	}
	return i + 1
}

func (m *xmlScanner) dash(i int, c byte) int {
	if c != '-' {
		return m.malformed(i, "no markup")
	}
	m.state, m.dashes = xmlComment, 0
	return i + 1
}

package jsonstream

// MaxDepth bounds how deep arrays and objects may stand in each other.
const MaxDepth = 64

// MaxRawName bounds the bytes of a member name as it is written.
const MaxRawName = 4096

type state uint8

// What may come next.
const (
	wantDocument state = iota // the root, or nothing
	wantValue
	wantItem  // or the end of the array
	wantFirst // name, or the end of the object
	wantName
	wantColon
	wantComma // or the end of what it stands in
	ended     // space only
	inName
	inString // or a name that nobody compares
	inNumber
	inWord
)

type mode uint8

// What becomes of the value that is read.
const (
	matching mode = iota // its members are compared
	copying              // all of it stays
	skipping             // all of it goes
)

// A machine reads a document piece by piece and appends what becomes of it to
// out. It may stop between any two bytes.
//
// What is passed on as it came is not copied bit by bit: run is where in the
// piece it begins. Where entries may go away, an entry is held back from its
// comma to the first byte of its value, when its fate is known.
type machine struct {
	p      *Program
	lines  bool
	state  state
	mode   mode
	base   int // the depth at which mode began
	isName bool

	depth   int
	object  bool   // whether what is read stands in an object
	objects uint64 // the same of each depth; bit 0 is depth 1
	some    uint64 // whether an entry of it was passed on
	steps   []uint64
	now     []uint64 // steps that may come next here: the row of depth
	next    []uint64 // steps behind the present member or item
	ends    bool     // whether a path ends there

	in      []byte
	out     []byte
	run     int
	hold    int  // where in the piece the held entry begins, or -1
	comma   bool // the held entry begins with a comma
	carried bool // the held entry began in an earlier piece; its name is in raw
	full    bool // out has no room for another replacement

	nameAt, nameEnd int // in the piece
	nameLen         int
	raw             []byte
	name            []byte
	text            text
	high            rune // a surrogate that waits for the other

	number numberState
	word   string
	wordAt int
	tail   tail

	offset int64 // of the piece in all that was read
	fault  *Fault
}

func (m *machine) reset(p *Program, form Form) {
	steps, next, out, raw, name := m.steps, m.next, m.out[:0], m.raw[:0], m.name[:0]
	*m = machine{p: p, lines: form == Lines, hold: -1, out: out, raw: raw, name: name, tail: tail{unit: m.tail.unit[:0]}}
	if need := (MaxDepth + 1) * p.words; cap(steps) < need {
		steps, next = make([]uint64, need), make([]uint64, p.words)
	}
	m.steps, m.next = steps[:cap(steps)], next[:p.words]
	m.now = m.row(0)
}

// row returns the steps that may come next in the container at this depth.
func (m *machine) row(depth int) []uint64 {
	return m.steps[depth*m.p.words : (depth+1)*m.p.words]
}

// feed reads as much of in as out has room for, and returns how much that is.
func (m *machine) feed(in []byte) int {
	m.in, m.run, m.full = in, 0, false
	i := 0
	for i < len(in) && !m.full && m.fault == nil {
		i = m.step(i)
	}
	m.pause(i)
	m.offset += int64(i)
	return i
}

// finish tells that nothing comes any more.
func (m *machine) finish() {
	m.in, m.run = nil, 0
	if m.state == inNumber && m.depth == 0 && m.number.whole() {
		m.valueEnd(0)
	}
	if m.state != ended && m.state != wantDocument {
		m.fail(0, "the document is not whole")
	}
}

func (m *machine) step(i int) int {
	switch m.state {
	case wantComma:
		if c := m.in[i]; c > ' ' {
			return m.separate(i, c)
		}
	case inName:
		return m.readName(i)
	case inString:
		return m.readString(i)
	case inNumber:
		return m.readNumber(i)
	case inWord:
		return m.readWord(i)
	}
	c := m.in[i]
	if c == ' ' || c == '\n' || c == '\r' || c == '\t' {
		return m.space(i)
	}
	return m.structure(i, c)
}

func (m *machine) space(i int) int {
	if m.lines && m.in[i] == '\n' && !m.newline() {
		return m.fail(i, "a line ends within a document")
	}
	return m.skip(i + 1)
}

// newline begins the next document of a sequence.
func (m *machine) newline() bool {
	if m.state != ended && m.state != wantDocument {
		return false
	}
	m.state = wantDocument
	return true
}

func (m *machine) structure(i int, c byte) int {
	switch m.state {
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
		if c == ':' {
			return m.colon(i)
		}
		return m.fail(i, "no colon behind a name")
	case wantComma:
		return m.separate(i, c)
	}
	return m.fail(i, "something behind the document")
}

// separate takes the comma behind a value, or the end of what it stands in.
func (m *machine) separate(i int, c byte) int {
	switch {
	case c == ',':
		if m.p.elide && m.mode == matching {
			m.hold, m.comma = i, true
		}
		return m.another(m.skip(i + 1))
	case c == '}' && m.object, c == ']' && !m.object:
		return m.pop(i)
	}
	return m.fail(i, "neither comma nor end behind a value")
}

// another reads on behind a comma: a whole entry where it is there.
func (m *machine) another(i int) int {
	m.state = wantValue
	if m.object {
		m.state = wantName
	}
	switch {
	case i == len(m.in) || m.in[i] <= ' ':
		return i
	case m.object:
		return m.beginName(i, m.in[i])
	}
	return m.value(i, m.in[i])
}

// skip returns where the space ends that begins at in[i]. Where lines count,
// their ends are left to step.
func (m *machine) skip(i int) int {
	for in := m.in; i < len(in); {
		switch in[i] {
		case ' ', '\r', '\t':
		case '\n':
			if m.lines {
				return i
			}
		default:
			return i
		}
		i++
	}
	return i
}

func (m *machine) push(i int, object bool) int {
	if m.depth == MaxDepth {
		return m.fail(i, "nested too deep")
	}
	if m.mode == matching {
		m.now = m.row(m.depth + 1)
		copy(m.now, m.next)
	}
	bit := uint64(1) << m.depth
	m.depth++
	m.some &^= bit
	m.object = object
	if object {
		m.objects |= bit
		m.state = wantFirst
	} else {
		m.objects &^= bit
		m.state = wantItem
	}
	return i + 1
}

func (m *machine) pop(i int) int {
	m.depth--
	m.now = m.row(m.depth)
	m.object = m.depth > 0 && m.objects>>(m.depth-1)&1 == 1
	return m.valueEnd(i + 1)
}

// valueEnd is called behind each value, i being the first byte after it.
func (m *machine) valueEnd(i int) int {
	if m.mode != matching && m.depth == m.base {
		if m.mode == skipping {
			m.resume(i)
		}
		m.mode = matching
	}
	m.state = wantComma
	if m.depth == 0 {
		m.state = ended
	}
	return i
}

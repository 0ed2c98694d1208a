package units

import "bytes"

// A stream reads an event stream (WHATWG HTML section 9.2.5): lines end with
// CR LF, LF or CR; a blank line ends an event.
type stream struct {
	begun   bool // a first byte was looked at
	mark    uint8
	afterCR bool
	place   place
	read    uint8 // of the name of the field
}

type place uint8

const (
	lineStart place = iota
	inField         // within a name that may be data
	inOther         // within a line that is none of data
	dataStart       // behind the colon, where one space may stand
	inData
)

// byteOrderMark may stand in front of a stream, and is none of it.
const byteOrderMark = "\xEF\xBB\xBF"

const dataField = "data"

func (s *stream) write(b []byte, c *Counter) {
	if !s.begun {
		b = s.unmarked(b)
	}
	lf, cr := -1, -1 // in b, where they come next
	for i := 0; i < len(b); {
		if s.afterCR {
			s.afterCR = false
			if b[i] == '\n' {
				i++
				continue
			}
		}
		lf, cr = next(b, i, lf, '\n'), next(b, i, cr, '\r')
		end := min(lf, cr)
		s.part(b[i:end], c)
		if end == len(b) {
			return
		}
		s.endLine(c)
		s.afterCR = b[end] == '\r'
		i = end + 1
	}
}

// next returns where c comes next in b from i on, len(b) where it does not. at
// is what was found before: nothing is looked through twice.
func next(b []byte, i, at int, c byte) int {
	if at >= i {
		return at
	}
	if n := bytes.IndexByte(b[i:], c); n >= 0 {
		return i + n
	}
	return len(b)
}

// unmarked returns b without the byte order mark.
func (s *stream) unmarked(b []byte) []byte {
	for len(b) > 0 && b[0] == byteOrderMark[s.mark] {
		b = b[1:]
		if s.mark++; int(s.mark) == len(byteOrderMark) {
			s.begun = true
			return b
		}
	}
	if len(b) == 0 {
		return b
	}
	s.begun = true
	if s.mark > 0 { // a part of one is the beginning of some name
		s.place = inOther
	}
	return b
}

// part takes a part of a line.
func (s *stream) part(b []byte, c *Counter) {
	for len(b) > 0 {
		switch s.place {
		case lineStart:
			s.place, s.read = inField, 0
		case inField:
			s.field(b[0])
			b = b[1:]
		case dataStart:
			s.place = inData
			if b[0] == ' ' {
				b = b[1:]
			}
		case inData:
			c.data(b)
			return
		default:
			return
		}
	}
}

func (s *stream) field(b byte) {
	switch {
	case int(s.read) < len(dataField) && b == dataField[s.read]:
		s.read++
	case int(s.read) == len(dataField) && b == ':':
		s.place = dataStart
	default:
		s.place = inOther
	}
}

// endLine ends a line. A name without a colon is a field without a value.
func (s *stream) endLine(c *Counter) {
	switch s.place {
	case lineStart:
		c.endEvent()
	case dataStart, inData:
		c.endData()
	case inField:
		if int(s.read) == len(dataField) {
			c.endData()
		}
	}
	s.place = lineStart
}

package units

// A finder reads JSON documents, one after the other, for the numbers at its
// paths. Where the document itself is an array, each of its members is read as
// a document; nothing else within an array counts. It is no judge of JSON: what
// no path leads to it passes over, and what it cannot follow it leaves, to the
// end of the document.
type finder struct {
	paths   []Path
	state   state
	listed  bool // the document is an array, whose members are read
	leads   bool // a path leads on through the member that is read
	ends    bool // a path ends at it
	depth   int  // of objects that are open
	over    int  // of containers that are open in what is passed over
	matched [MaxPaths]uint8
	key     [maxName]byte
	keyLen  int // beyond maxName: it is none of those looked for
	escape  uint8
	char    uint16 // that an escape spells
	number  int64
	digits  int // beyond maxDigits: no whole number that counts

	stated [MaxPaths]int64
	said   uint8 // bit p: path p was stated
}

type state uint8

const (
	wantValue state = iota
	wantKey
	inKey
	inEscape
	wantColon
	inText
	inTextEscape
	inNumber
	inScalar // a number or word that does not count
	inOver
	inOverText
	inOverEscape
	wantNext
	left // the document is over, or cannot be followed
)

const maxDigits = 18

// reset makes ready for the next document. What was stated stays.
func (f *finder) reset() {
	f.state, f.depth, f.listed = wantValue, 0, false
	f.leads, f.ends = true, false
}

// sum returns what the paths state together, and whether any does.
func (f *finder) sum() (int64, bool) {
	var total int64
	for p := range f.paths {
		total += f.stated[p] // of maxDigits each: the sum of MaxPaths is within int64
	}
	return total, f.said != 0
}

// write reads on.
func (f *finder) write(b []byte) {
	for i := 0; i < len(b) && f.state != left; {
		switch f.state {
		case inText:
			i = f.text(b, i, inTextEscape, wantNext)
		case inOverText:
			i = f.text(b, i, inOverEscape, inOver)
		case inOver:
			i = f.pass(b, i)
		case inKey:
			i = f.name(b, i)
		case inScalar:
			i = f.scalar(b, i)
		default:
			f.next(b[i])
			i++
		}
	}
}

// text reads on within a text, up to its end or an escape.
func (f *finder) text(b []byte, i int, escape, end state) int {
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			f.state = end
			return i + 1
		case '\\':
			f.state = escape
			return i + 1
		}
	}
	return i
}

// pass reads on within what is passed over, up to its end or a text.
func (f *finder) pass(b []byte, i int) int {
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			f.state = inOverText
			return i + 1
		case '{', '[':
			f.over++
		case '}', ']':
			if f.over--; f.over == 0 {
				f.state = wantNext
				return i + 1
			}
		}
	}
	return i
}

// scalar reads on within a number or word, up to what ends it.
func (f *finder) scalar(b []byte, i int) int {
	for ; i < len(b); i++ {
		switch b[i] {
		case ',', '}', ']', ' ', '\n', '\t', '\r':
			f.state = wantNext
			return i
		}
	}
	return i
}

// name reads on within the name of a member.
func (f *finder) name(b []byte, i int) int {
	from := i
	for i < len(b) && b[i] != '"' && b[i] != '\\' {
		i++
	}
	f.spell(b[from:i])
	if i == len(b) {
		return i
	}
	if b[i] == '\\' {
		f.state, f.escape, f.char = inEscape, 0, 0
	} else {
		f.match()
		f.state = wantColon
	}
	return i + 1
}

func (f *finder) spell(b []byte) {
	if f.keyLen+len(b) > maxName {
		f.keyLen = maxName + 1
		return
	}
	f.keyLen += copy(f.key[f.keyLen:], b)
}

// match notes which paths the name leads on.
func (f *finder) match() {
	f.leads, f.ends = false, false
	for p, path := range f.paths {
		m := min(int(f.matched[p]), f.depth-1)
		if m == f.depth-1 && m < len(path) && f.keyLen <= maxName && string(f.key[:f.keyLen]) == path[m] {
			m++
			f.leads = f.leads || m < len(path)
			f.ends = f.ends || m == len(path)
		}
		f.matched[p] = uint8(m)
	}
}

// next reads one byte outside of texts.
func (f *finder) next(c byte) {
	switch f.state {
	case inTextEscape:
		f.state = inText // the rest of \uXXXX is text like any other
	case inOverEscape:
		f.state = inOverText
	case inEscape:
		f.unescape(c)
	case inNumber:
		f.digit(c)
	default:
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			f.token(c)
		}
	}
}

// token reads what is neither text nor number nor space.
func (f *finder) token(c byte) {
	switch {
	case f.state == wantValue:
		f.value(c)
	case f.state == wantKey && c == '"':
		f.state, f.keyLen = inKey, 0
	case f.state == wantColon && c == ':':
		f.state = wantValue
	case f.state == wantNext && c == ',' && f.depth > 0:
		f.state = wantKey
	case f.state == wantNext && c == ',' && f.listed:
		f.state, f.leads, f.ends = wantValue, true, false
	case c == '}' && f.depth > 0 && (f.state == wantNext || f.state == wantKey):
		f.depth--
		f.state = wantNext
	default:
		f.state = left
	}
}

func (f *finder) value(c byte) {
	switch {
	case c == '{' && f.leads:
		f.depth++
		f.state = wantKey
	case c == '[' && f.depth == 0 && !f.listed:
		f.listed = true
	case c == '{', c == '[':
		f.state, f.over = inOver, 1
	case c == '"':
		f.state = inText
	case c >= '0' && c <= '9' && f.ends:
		f.state, f.number, f.digits = inNumber, int64(c-'0'), 1
	case c == '-', c == 't', c == 'f', c == 'n', c >= '0' && c <= '9':
		f.state = inScalar
	default:
		f.state = left
	}
}

func (f *finder) digit(c byte) {
	switch c {
	case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if f.digits++; f.digits <= maxDigits {
			f.number = 10*f.number + int64(c-'0')
		}
	case ',', '}', ' ', '\n', '\t', '\r':
		f.state = wantNext
		if f.digits <= maxDigits {
			f.found()
		}
		f.next(c)
	default: // a fraction, an exponent
		f.state = inScalar
	}
}

// found takes the number for those paths that end at it.
func (f *finder) found() {
	for p, path := range f.paths {
		if len(path) == f.depth && int(f.matched[p]) == f.depth {
			f.stated[p] = f.number
			f.said |= 1 << p
		}
	}
}

// unescape reads an escape within a name. Names that are looked for hold
// nothing that only an escape can spell.
func (f *finder) unescape(c byte) {
	if f.escape == 0 && c != 'u' {
		f.keyLen, f.state = maxName+1, inKey
		return
	}
	if f.escape > 0 {
		f.char = f.char<<4 | hex(c)
	}
	if f.escape++; f.escape <= 4 {
		return
	}
	f.state = inKey
	if f.char >= 0x80 {
		f.keyLen = maxName + 1
		return
	}
	f.spell([]byte{byte(f.char)})
}

// hex returns the value of a digit; of what is none, one that no name holds.
func hex(c byte) uint16 {
	switch {
	case c >= '0' && c <= '9':
		return uint16(c - '0')
	case c >= 'a' && c <= 'f':
		return uint16(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return uint16(c-'A') + 10
	}
	return 0x8000
}

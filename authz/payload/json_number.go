package payload

// A numberState is how far a number has been read (RFC 8259 section 6).
type numberState uint8

const (
	numberBegin numberState = iota
	numberMinus
	numberZero
	numberDigits
	numberPoint
	numberFraction
	numberExponent
	numberSign
	numberPower
	numberEnd // of the number: the byte is none of it
)

// whole reports whether a number may end here.
func (s numberState) whole() bool {
	return s == numberZero || s == numberDigits || s == numberFraction || s == numberPower
}

func (s numberState) read(c byte) numberState {
	switch {
	case '0' <= c && c <= '9':
		return s.digit(c)
	case c == '-' && s == numberBegin:
		return numberMinus
	case c == '.' && (s == numberZero || s == numberDigits):
		return numberPoint
	case (c == 'e' || c == 'E') && (s == numberZero || s == numberDigits || s == numberFraction):
		return numberExponent
	case (c == '+' || c == '-') && s == numberExponent:
		return numberSign
	}
	return numberEnd
}

func (s numberState) digit(c byte) numberState {
	switch s {
	case numberBegin, numberMinus:
		if c == '0' {
			return numberZero
		}
		return numberDigits
	case numberPoint:
		return numberFraction
	case numberExponent, numberSign:
		return numberPower
	case numberZero:
		return numberEnd
	}
	return s
}

// A jsonNumber is a number as far as it was read.
type jsonNumber struct {
	state  numberState
	length int
	power  int
}

func (m *jsonScanner) beginNumber(i int) int {
	if end := m.simple(i); end > i {
		m.valueEnd()
		return end
	}
	m.state, m.number = inNumber, jsonNumber{}
	return m.readNumber(i)
}

// simple returns where the number ends that begins at in[i], where it stands in
// the piece as a whole, has no exponent and is within the bound; else i.
func (m *jsonScanner) simple(i int) int {
	in, end := m.in[:min(len(m.in), i+m.limits.number+1)], i
	if in[end] == '-' {
		end++
	}
	whole := end
	for end < len(in) && in[end]-'0' <= 9 {
		end++
	}
	if end == whole || in[whole] == '0' && end > whole+1 {
		return i
	}
	if end < len(in) && in[end] == '.' {
		fraction := end + 1
		for end = fraction; end < len(in) && in[end]-'0' <= 9; end++ {
		}
		if end == fraction {
			return i
		}
	}
	if end == len(in) || in[end]|0x20 == 'e' {
		return i
	}
	return end
}

func (m *jsonScanner) readNumber(i int) int {
	n := m.number
	for ; i < len(m.in); i++ {
		c := m.in[i]
		next := n.state
		if c-'0' > 9 || next != numberDigits && next != numberFraction {
			next = n.state.read(c)
		}
		if next == numberEnd {
			m.number = n
			return m.numberEnd(i)
		}
		n.state = next
		if n.length++; n.length > m.limits.number {
			return m.fail(i, "json.number", CodeTooLong, "a number that is longer than allowed")
		}
		if next == numberPower {
			if n.power = 10*n.power + int(c-'0'); n.power > m.limits.exponent {
				return m.fail(i, "json.exponent", CodeTooLong, "a number with a greater exponent than allowed")
			}
		}
	}
	m.number = n
	return i
}

func (m *jsonScanner) numberEnd(i int) int {
	if !m.number.state.whole() {
		return m.malformed(i, "no number")
	}
	m.valueEnd()
	return i
}

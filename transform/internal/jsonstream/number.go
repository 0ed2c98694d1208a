package jsonstream

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

// repeats reports whether another digit changes nothing.
func (s numberState) repeats() bool {
	return s == numberDigits || s == numberFraction || s == numberPower
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

func (m *machine) readNumber(i int) int {
	s, in := m.number, m.in
	for ; i < len(in); i++ {
		c := in[i]
		if c-'0' < 10 && s.repeats() && !m.tail.open {
			continue
		}
		next := s.read(c)
		if next == numberEnd {
			return m.numberEnd(i, s)
		}
		s = next
		if m.tail.open {
			m.tail.add(c)
			m.tail.done(false)
		}
	}
	m.number = s
	return i
}

func (m *machine) numberEnd(i int, s numberState) int {
	if !s.whole() {
		return m.fail(i, "no number")
	}
	return m.valueEnd(i)
}

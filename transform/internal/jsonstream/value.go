package jsonstream

// value begins a value: its fate first, then its reading.
func (m *machine) value(i int, c byte) int {
	if m.mode == matching {
		m.judge(i, c)
	}
	switch c {
	case '{':
		return m.push(i, true)
	case '[':
		return m.push(i, false)
	case '"':
		m.state, m.isName = inString, false
		return m.readString(i + 1)
	case 't':
		return m.beginWord(i, "true")
	case 'f':
		return m.beginWord(i, "false")
	case 'n':
		return m.beginWord(i, "null")
	}
	if c == '-' || '0' <= c && c <= '9' {
		m.state, m.number = inNumber, numberBegin
		return m.readNumber(i)
	}
	return m.fail(i, "no value")
}

func (m *machine) beginWord(i int, word string) int {
	m.state, m.word, m.wordAt = inWord, word, 0
	return m.readWord(i)
}

func (m *machine) readWord(i int) int {
	for ; i < len(m.in); i++ {
		if m.in[i] != m.word[m.wordAt] {
			return m.fail(i, "no value")
		}
		if m.wordAt++; m.wordAt == len(m.word) {
			return m.valueEnd(i + 1)
		}
	}
	return i
}

// judge decides what becomes of the value that begins at in[i].
func (m *machine) judge(i int, c byte) {
	container := c == '{' || c == '['
	switch {
	case m.depth == 0:
		copy(m.next, m.p.root)
		m.ends = false
	case !m.object:
		m.ends = m.p.toItem(m.next, m.now)
		if m.p.elide && m.hold < 0 && !m.carried {
			m.hold, m.comma = i, false
		}
	}
	if m.p.do == selects {
		m.choose(i, container)
		return
	}
	m.mask(i, c, container)
}

func (m *machine) choose(i int, container bool) {
	switch {
	case m.depth == 0 && !container:
		m.replace(i)
	case m.ends:
		m.pass(i)
		m.enter(copying)
	case m.depth == 0 || container && live(m.next):
		m.pass(i)
	default:
		m.drop()
	}
}

func (m *machine) mask(i int, c byte, container bool) {
	switch {
	case !m.ends:
		m.pass(i)
		if container && !live(m.next) {
			m.enter(copying)
		}
	case m.p.do == removes:
		m.drop()
	default:
		m.tail.begin(m.p.keep, c)
		m.replace(i)
	}
}

// enter sets what becomes of the present value, to its end.
func (m *machine) enter(mode mode) { m.mode, m.base = mode, m.depth }

package jsonstream

// flush passes on what runs up to in[end].
func (m *machine) flush(end int) {
	if end > m.run {
		m.out = append(m.out, m.in[m.run:end]...)
	}
}

// pause puts away what the next piece will need: in[end:] is not read.
func (m *machine) pause(end int) {
	switch {
	case m.mode == skipping:
	case m.carried:
		if m.state == inName {
			m.raw = append(m.raw, m.in[m.nameAt:end]...)
		}
	case m.hold >= 0:
		m.flush(m.hold)
		m.carry(end)
	default:
		m.flush(end)
	}
	m.nameAt, m.hold = 0, -1
}

// carry takes the held entry to the next piece: its name, and nothing of the
// space in it.
func (m *machine) carry(end int) {
	m.carried, m.raw = true, m.raw[:0]
	switch {
	case !m.object || m.state == wantName || m.state == wantFirst:
	case m.state == inName:
		m.raw = append(m.raw, m.in[m.nameAt:end]...)
	default:
		m.raw = append(m.raw, m.in[m.nameAt:m.nameEnd]...)
	}
}

// pass lets the entry go on whose value begins at in[i].
func (m *machine) pass(i int) {
	if m.p.elide && m.depth > 0 {
		m.settle(i)
	}
}

func (m *machine) settle(i int) {
	bit := uint64(1) << (m.depth - 1)
	switch {
	case m.carried:
		m.release(i, m.some&bit != 0)
	case m.comma && m.some&bit == 0:
		m.flush(m.hold)
		m.run = i
		if m.object {
			m.run = m.nameAt
		}
	}
	m.some |= bit
	m.hold = -1
}

// release writes a held entry anew that began in an earlier piece.
func (m *machine) release(i int, comma bool) {
	if comma {
		m.out = append(m.out, ',')
	}
	if m.object {
		m.out = append(m.out, m.raw...)
		m.out = append(m.out, ':')
	}
	m.carried, m.run = false, i
}

// drop lets the entry go away whose value begins now.
func (m *machine) drop() {
	if !m.carried {
		m.flush(m.hold)
	}
	m.carried, m.hold = false, -1
	m.enter(skipping)
}

// replace writes something else for the value that begins at in[i].
func (m *machine) replace(i int) {
	m.flush(i)
	if !m.tail.open {
		m.emit(m.p.text)
	}
	m.enter(skipping)
}

// resume is called at the end of a value that was skipped.
func (m *machine) resume(i int) {
	if m.tail.open {
		m.out = m.tail.appendTo(m.out, m.p.text)
		m.tail.open = false
		m.checkRoom(i)
	}
	m.run = i
}

func (m *machine) emit(text string) {
	m.out = append(m.out, text...)
	m.checkRoom(m.run)
}

// checkRoom stops the reading where out could not take what is left of the piece
// as it is, and one more replacement. read is how much of the piece is done, or
// less.
func (m *machine) checkRoom(read int) {
	m.full = cap(m.out)-len(m.out) < len(m.in)-read+maxEmit
}

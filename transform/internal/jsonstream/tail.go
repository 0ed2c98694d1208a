package jsonstream

// MaxKeep bounds how many characters may be kept of what is replaced.
const MaxKeep = 16

// maxUnit is the longest form of one character: \uXXXX.
const maxUnit = 6

// maxEmit is the most that is written for one value that is replaced.
const maxEmit = MaxText + MaxKeep*maxUnit + 16

// MaxText bounds the text that replaces a value.
const MaxText = 256

// A tail remembers the last characters of a value as they are written. Half a
// surrogate pair counts as one, so that rather less is kept than more.
type tail struct {
	open  bool
	keep  int
	total int
	unit  []byte
	ring  [MaxKeep]struct {
		text [maxUnit]byte
		n    uint8
		low  bool // the second half of a pair
	}
}

// begin opens the tail for a value that begins with c, where some of it may be
// kept.
func (t *tail) begin(keep int, c byte) {
	if keep == 0 || c != '"' && c != '-' && (c < '0' || c > '9') {
		return
	}
	t.open, t.keep, t.total, t.unit = true, keep, 0, t.unit[:0]
}

func (t *tail) add(c byte) {
	if t.open {
		t.unit = append(t.unit, c)
	}
}

// run adds characters of one byte each, of which the last ones matter.
func (t *tail) run(b []byte) {
	if beyond := len(b) - t.keep; beyond > 0 {
		t.total += beyond
		b = b[beyond:]
	}
	for _, c := range b {
		slot := &t.ring[t.total%t.keep]
		slot.text[0], slot.n, slot.low = c, 1, false
		t.total++
	}
}

// done ends a character.
func (t *tail) done(low bool) {
	if !t.open {
		return
	}
	slot := &t.ring[t.total%t.keep]
	slot.n, slot.low = uint8(copy(slot.text[:], t.unit)), low
	t.unit = t.unit[:0]
	t.total++
}

// appendTo appends the text, a string in quotes, with the tail before its end.
func (t *tail) appendTo(out []byte, text string) []byte {
	out = append(out, text[:len(text)-1]...)
	if t.total >= 2*t.keep {
		first := t.total
		if t.ring[first%t.keep].low {
			first++
		}
		for at := first; at < t.total+t.keep; at++ {
			slot := &t.ring[at%t.keep]
			out = append(out, slot.text[:slot.n]...)
		}
	}
	return append(out, '"')
}

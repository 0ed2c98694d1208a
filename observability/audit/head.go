package audit

import (
	"bytes"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
)

// The head is two lines of one length, of which the older one is overwritten in
// place: where that is interrupted, the other one still holds.
const headForm = `{"head":%020d,"sum":"%x"`

// headLen is the length of one line with its newline.
const headLen = len(`{"head":`) + 20 + len(`,"sum":"`) + 64 + len(`"`) + macLen + 1

const maxHead = 2 * headLen

// ErrHead says that the head of a trail does not hold: it was damaged, or is of
// another key.
var ErrHead = errors.New("audit: the head does not hold")

// appendHead appends the line of a head.
func (s *sealer) appendHead(dst []byte, at link) []byte {
	begin := len(dst)
	dst = fmt.Appendf(dst, headForm, at.seq, at.sum)
	signed := dst[begin:]
	dst = s.appendMAC(append(dst, macMember...), signed)
	return append(dst, lineEnd+"\n"...)
}

// openHead returns how far the trail goes: by the later of the two lines. torn
// says that one of them does not hold.
func (s *sealer) openHead(text []byte) (at link, torn bool, err error) {
	found := false
	for slot := 0; slot*headLen < len(text) && slot < 2; slot++ {
		one, ok := s.openLine(text[slot*headLen : min((slot+1)*headLen, len(text))])
		switch {
		case !ok:
			torn = true
		case !found || one.seq > at.seq:
			at, found = one, true
		}
	}
	if !found || len(text) > maxHead {
		return link{}, torn, ErrHead
	}
	return at, torn, nil
}

func (s *sealer) openLine(line []byte) (at link, ok bool) {
	var digits string
	if len(line) != headLen {
		return at, false
	}
	if n, err := fmt.Sscanf(string(line), `{"head":%d,"sum":"%64s`, &at.seq, &digits); n != 2 || err != nil {
		return at, false
	}
	if n, err := hex.Decode(at.sum[:], []byte(digits)); n != len(at.sum) || err != nil {
		return at, false
	}
	want := s.appendHead(nil, at)
	return at, hmac.Equal(want, bytes.Clone(line))
}

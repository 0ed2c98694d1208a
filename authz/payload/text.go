package payload

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// A character reads one character beyond ASCII, byte by byte (RFC 3629 section
// 4): for those that are cut by the end of a piece, or are none.
type character struct {
	need   uint8 // bytes that are still to come
	lo, hi byte  // what the next of them may be
	r      rune
}

// begin takes the first byte, and reports whether it can be one.
func (u *character) begin(c byte) bool {
	u.lo, u.hi = 0x80, 0xbf
	switch {
	case 0xc2 <= c && c <= 0xdf:
		u.need, u.r = 1, rune(c&0x1f)
	case 0xe0 <= c && c <= 0xef:
		u.need, u.r = 2, rune(c&0x0f)
	case 0xf0 <= c && c <= 0xf4:
		u.need, u.r = 3, rune(c&0x07)
	default:
		return false
	}
	switch c {
	case 0xe0:
		u.lo = 0xa0 // shorter forms are overlong
	case 0xed:
		u.hi = 0x9f // surrogates
	case 0xf0:
		u.lo = 0x90
	case 0xf4:
		u.hi = 0x8f // beyond U+10FFFF
	}
	return true
}

// more takes the next byte, and reports whether it can be one. The character
// is whole when need is 0.
func (u *character) more(c byte) bool {
	if c < u.lo || c > u.hi {
		return false
	}
	u.lo, u.hi, u.r = 0x80, 0xbf, u.r<<6|rune(c&0x3f)
	u.need--
	return true
}

// wholeRune returns the character at the start of p and its length; 0 where it
// is cut or none.
func wholeRune(p []byte) (rune, int) {
	r, size := utf8.DecodeRune(p)
	if r == utf8.RuneError && size <= 1 {
		return 0, 0
	}
	return r, size
}

// plain returns where the run ends that begins at in[i], of printable ASCII
// other than quote and backslash, which is most of most strings. It looks at
// eight bytes at a time.
func plain(in []byte, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(in); i += 8 {
		w := binary.LittleEndian.Uint64(in[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		odd := w | (w - ones*' ') | (quote - ones) | (slash - ones)
		if odd &= tops; odd != 0 {
			return i + bits.TrailingZeros64(odd)/8 // the first one is exact
		}
	}
	for i < len(in) && stringClass[in[i]] == 0 {
		i++
	}
	return i
}

// stringClass is other than 0 for what ends a plain run.
var stringClass = func() (t [256]uint8) {
	for c := range t {
		if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			t[c] = 1
		}
	}
	return t
}()

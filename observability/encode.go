package observability

import (
	"math/bits"
	"slices"
	"unicode/utf8"
)

// AppendString appends s as a JSON string of at most max bytes of s, an
// ellipsis in place of the rest; max of 0 or less bounds nothing.
//
// Besides what JSON asks for, it escapes what a terminal or an editor would
// obey: C0 and C1 controls, DEL, line and paragraph separators, bidirectional
// and zero-width controls. Bytes that are not UTF-8 become U+FFFD.
func AppendString(dst []byte, s string, max int) []byte {
	cut := max > 0 && len(s) > max
	if cut {
		s = Cut(s, max)
	} else if plainTo(s, 0) == len(s) {
		return appendPlain(dst, s)
	}
	dst = appendEscaped(append(dst, '"'), s)
	if cut {
		dst = append(dst, "…"...)
	}
	return append(dst, '"')
}

// AppendMember appends a member to a JSON object that is open: a comma, the
// name, which is known to need no escape, and value as AppendString does.
func AppendMember(dst []byte, name, value string, max int) []byte {
	at, size := len(dst), len(name)+len(`,"":""`)+len(value)
	if max > 0 && len(value) > max || plainTo(value, 0) < len(value) {
		return AppendString(append(append(append(dst, `,"`...), name...), `":`...), value, max)
	}
	if at+size > cap(dst) {
		dst = slices.Grow(dst, size)
	}
	dst = dst[:at+size]
	b := dst[at:]
	b[0], b[1], b[size-1] = ',', '"', '"'
	b = b[2:]
	n := copy(b, name)
	b[n], b[n+1], b[n+2] = '"', ':', '"'
	copy(b[n+3:], value)
	return dst
}

// appendPlain makes room once.
func appendPlain(dst []byte, s string) []byte {
	at, end := len(dst), len(dst)+len(s)+1
	if end >= cap(dst) {
		dst = slices.Grow(dst, len(s)+2)
	}
	dst = dst[:end+1]
	dst[at], dst[end] = '"', '"'
	copy(dst[at+1:end], s)
	return dst
}

// Cut returns the longest beginning of s of at most max bytes that does not
// end within a character.
func Cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max]
}

// plain holds the bytes of ASCII that stand for themselves. It is written
// once, here.
var plain = func() (is [256]bool) {
	for c := range is {
		is[c] = c >= ' ' && c < 0x7f && c != '"' && c != '\\'
	}
	return is
}()

func appendEscaped(dst []byte, s string) []byte {
	from := 0
	for i := plainTo(s, 0); i < len(s); i = plainTo(s, i) {
		c := s[i]
		if c < utf8.RuneSelf {
			dst = appendEscape(append(dst, s[from:i]...), rune(c))
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if invalid := r == utf8.RuneError && size == 1; invalid || obeyed(r) {
			dst = appendEscape(append(dst, s[from:i]...), r)
			from = i + size
		}
		i += size
	}
	return append(dst, s[from:]...)
}

// plainTo returns how far s stands for itself from i on.
func plainTo(s string, i int) int {
	for ; i+8 <= len(s); i += 8 {
		if odd := oddBytes(load(s[i : i+8])); odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for i < len(s) && plain[s[i]] {
		i++
	}
	return i
}

// load reads eight bytes, the first one lowest.
func load(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// oddBytes marks the first of eight bytes that is not plain, by its highest
// bit; marks above that one mean nothing.
func oddBytes(w uint64) uint64 {
	const each, highest = 0x0101010101010101, 0x8080808080808080
	quote, backslash := w^each*'"', w^each*'\\'
	below := (w-each*' ')&^w | (quote-each)&^quote | (backslash-each)&^backslash
	return (below | w | (w + each)) & highest // DEL and what is beyond ASCII
}

// obeyed reports whether r is a character beyond ASCII that is followed rather
// than shown.
func obeyed(r rune) bool {
	switch {
	case r < 0xa0: // C1
		return true
	case r == 0x61c, r == 0xfeff, r == 0xad:
		return true
	case r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f:
		return true
	}
	return r >= 0xe0000 && r <= 0xe007f // tags
}

func appendEscape(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	if r > 0xffff {
		r -= 0x10000
		dst = appendUnit(dst, 0xd800+r>>10)
		r = 0xdc00 + r&0x3ff
	}
	return appendUnit(dst, r)
}

func appendUnit(dst []byte, u rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15])
}

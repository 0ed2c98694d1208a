package observability

import "unicode/utf8"

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
	}
	dst = appendEscaped(append(dst, '"'), s)
	if cut {
		dst = append(dst, "…"...)
	}
	return append(dst, '"')
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
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
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

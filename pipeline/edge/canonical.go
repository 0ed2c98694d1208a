package edge

import (
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"
)

var (
	errPathRelative  = errors.New("path does not begin with a slash")
	errPathByte      = errors.New("path holds a byte that has to be encoded")
	errPathEscape    = errors.New("path holds an invalid escape")
	errPathSeparator = errors.New("path holds an encoded separator")
	errPathControl   = errors.New("path holds a control character")
	errPathEmpty     = errors.New("path holds an empty segment")
	errPathDots      = errors.New("path holds a dot segment with a parameter")
	errPathUTF8      = errors.New("path is not UTF-8")
)

// Canonical returns the one encoded form of a path that matcher, authorizer,
// limiter, cache and backend all get: unreserved characters decoded, escapes
// in upper case, dot segments resolved, in every spelling of theirs. It
// refuses what parsers are known to read in different ways: encoded slashes
// and backslashes, control characters, empty segments, "..;", and what is not
// UTF-8. What it returns is its own canonical form.
func Canonical(escapedPath string) (string, error) {
	if escapedPath == "" || escapedPath[0] != '/' {
		return "", errPathRelative
	}
	if plain(escapedPath) {
		return escapedPath, nil
	}
	normal, err := normalise(escapedPath)
	if err != nil {
		return "", err
	}
	return resolve(normal)
}

// plain reports whether p needs no change, on sight.
func plain(p string) bool {
	before := byte(0)
	for i := 0; i < len(p); i++ {
		c := p[i]
		if !unreserved(c) && c != '/' && c != ':' && c != '@' {
			return false
		}
		if before == '/' && (c == '/' || c == '.') {
			return false
		}
		before = c
	}
	return true
}

// normalise decodes what is unreserved and writes the other escapes in upper
// case (RFC 3986 section 6.2.2).
func normalise(p string) (string, error) {
	var out strings.Builder
	out.Grow(len(p) + 8)
	wide := false
	for i := 0; i < len(p); i++ {
		c := p[i]
		if c != '%' {
			if err := raw(&out, c); err != nil {
				return "", err
			}
			continue
		}
		if i+2 >= len(p) || !hexadecimal(p[i+1]) || !hexadecimal(p[i+2]) {
			return "", errPathEscape
		}
		v := nibble(p[i+1])<<4 | nibble(p[i+2])
		i += 2
		if err := decoded(&out, v); err != nil {
			return "", err
		}
		wide = wide || v >= utf8.RuneSelf
	}
	if wide && !validUTF8(out.String()) {
		return "", errPathUTF8
	}
	return out.String(), nil
}

func raw(out *strings.Builder, c byte) error {
	switch {
	case unreserved(c), strings.IndexByte("/:@!$&'()*+,;=", c) >= 0: // pchar, RFC 3986 section 3.3
		out.WriteByte(c)
	case c == '[', c == ']': // net/url lets them pass; RFC 3986 does not
		escape(out, c)
	case c < ' ', c == 0x7f:
		return errPathControl
	default:
		return errPathByte
	}
	return nil
}

func decoded(out *strings.Builder, v byte) error {
	switch {
	case v < ' ', v == 0x7f:
		return errPathControl
	case v == '/', v == '\\':
		return errPathSeparator
	case unreserved(v):
		out.WriteByte(v)
	default:
		escape(out, v)
	}
	return nil
}

// resolve removes dot segments (RFC 3986 section 5.2.4) and refuses segments
// that are empty, or dots with a parameter.
func resolve(p string) (string, error) {
	segments := strings.Split(p[1:], "/")
	kept := segments[:0]
	for i, s := range segments {
		last := i == len(segments)-1
		switch {
		case s == "" && !last:
			return "", errPathEmpty
		case dotted(s):
			return "", errPathDots
		case s == "..":
			kept = kept[:max(len(kept)-1, 0)]
		case s != ".":
			kept = append(kept, s)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/"), nil
}

// dotted reports a segment that servers which know path parameters take for a
// dot segment.
func dotted(s string) bool {
	return strings.Contains(s, "..;") || strings.Contains(s, "..%3B") ||
		strings.HasPrefix(s, ".;") || strings.HasPrefix(s, ".%3B")
}

func validUTF8(p string) bool {
	s, err := url.PathUnescape(p)
	return err == nil && utf8.ValidString(s)
}

func escape(out *strings.Builder, c byte) {
	const digits = "0123456789ABCDEF"
	out.WriteByte('%')
	out.WriteByte(digits[c>>4])
	out.WriteByte(digits[c&15])
}

func unreserved(c byte) bool {
	return letter(c) || digit(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func digit(c byte) bool { return '0' <= c && c <= '9' }

func hexadecimal(c byte) bool { return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

func nibble(c byte) byte {
	if digit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

package edge

import (
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/seed-f9645bd3/gateway/registry"
)

var (
	errPathRelative = errors.New("path does not begin with a slash")
	errPathByte     = errors.New("path holds a byte that has to be encoded")
	errPathEscape   = errors.New("path holds an invalid escape")
	errPathControl  = errors.New("path holds a control character")
	errPathUTF8     = errors.New("path is not UTF-8")
)

// Canonical returns the one encoded form of a path that matcher, authorizer,
// limiter, cache and backend all get: unreserved characters decoded, escapes
// in upper case, dot segments resolved, in every spelling of theirs. It
// refuses what parsers are known to read in different ways: each
// [registry.Spelling], control characters, and what is not UTF-8. What it
// returns is its own canonical form.
func Canonical(escapedPath string) (string, error) {
	canonical, _, err := Spelled(escapedPath, 0)
	return canonical, err
}

// Spelled is Canonical for who takes some of the spellings that are refused
// otherwise, and tells which of them it met. They stay as they are: escapes in
// upper case, empty segments not merged. The caller sees to it that a backend
// which reads the path otherwise does no harm by it; router.Router.Agrees
// helps.
//
// What is never taken, whatever is allowed: control characters and NUL, what
// is not UTF-8, also where it is encoded twice; more than two encodings; dot
// segments beside or behind any of the spellings, "..;" among them; segments
// of nothing but three dots or more; and an empty segment at the beginning,
// which some take for the mark of a host.
func Spelled(escapedPath string, allowed registry.Spelling) (string, registry.Spelling, error) {
	if escapedPath == "" || escapedPath[0] != '/' {
		return "", 0, errPathRelative
	}
	if plain(escapedPath) {
		return escapedPath, 0, nil
	}
	normal, err := normalise(escapedPath)
	if err != nil {
		return "", 0, err
	}
	met := spellings(normal)
	if met != 0 {
		if err := judge(normal, met, allowed); err != nil {
			return "", met, err
		}
		return normal, met, nil
	}
	return resolve(normal), 0, nil
}

// plain reports whether p needs no change, on sight.
func plain(p string) bool {
	before := byte(0)
	for i := 0; i < len(p); i++ {
		c := p[i]
		if !unreserved(c) && c != '/' && c != ':' && c != '@' {
			return false
		}
		if before == '/' && (c == '/' || c == '.') || before == '.' && c == '/' {
			return false
		}
		before = c
	}
	return before != '.'
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
		if !escapeAt(p, i) {
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
	case strings.IndexByte("[]|^\"<>`{}", c) >= 0: // clients send them as they are; RFC 3986 does not know them
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
	case control(v):
		return errPathControl
	case unreserved(v):
		out.WriteByte(v)
	default:
		escape(out, v)
	}
	return nil
}

// resolve removes dot segments (RFC 3986 section 5.2.4). No segment of p is
// empty but the last.
func resolve(p string) string {
	segments := strings.Split(p[1:], "/")
	kept := segments[:0]
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		case ".":
		default:
			kept = append(kept, s)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}

func validUTF8(p string) bool {
	s, err := url.PathUnescape(p)
	return err == nil && utf8.ValidString(s)
}

// escapeAt reports whether an escape begins at p[i], which is a percent sign.
func escapeAt(p string, i int) bool {
	return i+2 < len(p) && hexadecimal(p[i+1]) && hexadecimal(p[i+2])
}

func escape(out *strings.Builder, c byte) {
	const digits = "0123456789ABCDEF"
	out.WriteByte('%')
	out.WriteByte(digits[c>>4])
	out.WriteByte(digits[c&15])
}

func control(c byte) bool { return c < ' ' || c == 0x7f }

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

package edge

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

var (
	errPathDots  = errors.New("path holds a dot segment in an odd spelling")
	errPathDepth = errors.New("path is encoded more than twice")
	errPathHost  = errors.New("path begins with an empty segment")
)

// A SpellingError says that a path is written in ways that are not taken.
type SpellingError struct{ Spelling registry.Spelling }

// Error names them.
func (e *SpellingError) Error() string { return "path in an odd spelling: " + e.Spelling.String() }

// RefuseSpelling refuses a path for the spellings in it.
func RefuseSpelling(s registry.Spelling) *pipeline.Problem {
	return refusePath(&SpellingError{s})
}

func refusePath(err error) *pipeline.Problem {
	detail := "The path is not one that all parsers read alike."
	if odd := (*SpellingError)(nil); errors.As(err, &odd) {
		detail = "The path is not one that all parsers read alike, and is not taken here: " + odd.Spelling.String() + "."
	}
	return pipeline.Refuse(http.StatusBadRequest, pipeline.CodePathRefused, detail).Because(err)
}

// spellings returns what of the normal form p some backends read otherwise.
func spellings(p string) registry.Spelling {
	met, start := doubled(p), 1
	for i := 1; i < len(p); i++ {
		s, width := separator(p, i)
		if width == 0 {
			continue
		}
		met |= s | trailing(p[start:i])
		start = i + width
		i = start - 1
	}
	return met | trailing(p[start:])
}

// separator returns how many bytes at p[i] end a segment for one backend or
// another, and the spelling that this is.
func separator(p string, i int) (registry.Spelling, int) {
	switch p[i] {
	case '/':
		if p[i-1] == '/' {
			return registry.EmptySegment, 1
		}
		return 0, 1
	case ';':
		return registry.Semicolon, 1
	case '%':
		switch p[i+1 : i+3] {
		case "2F":
			return registry.EncodedSlash, 3
		case "5C":
			return registry.EncodedBackslash, 3
		case "3B":
			return registry.Semicolon, 3
		}
	}
	return 0, 0
}

func doubled(p string) registry.Spelling {
	for {
		_, behind, found := strings.Cut(p, "%25")
		if !found {
			return 0
		}
		if len(behind) >= 2 && hexadecimal(behind[0]) && hexadecimal(behind[1]) {
			return registry.DoubleEncoding
		}
		p = behind
	}
}

func trailing(segment string) registry.Spelling {
	if segment == "." || segment == ".." {
		return 0
	}
	if strings.HasSuffix(segment, ".") || strings.HasSuffix(segment, "%20") {
		return registry.TrailingDot
	}
	return 0
}

// judge returns why a path in the normal form, which holds the spellings met,
// is not taken.
func judge(p string, met, allowed registry.Spelling) error {
	full, err := url.PathUnescape(unnest(p))
	switch {
	case err != nil || encoded(full):
		return errPathDepth
	case strings.ContainsFunc(full, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errPathControl
	case !utf8.ValidString(full):
		return errPathUTF8
	}
	if err := judgeSegments(full[1:]); err != nil {
		return err
	}
	if odd := met &^ allowed; odd != 0 {
		return &SpellingError{odd}
	}
	return nil
}

// judgeSegments looks at the segments of a path as the most lenient backend
// finds them. What it has no name for, a host or a dot segment, is never taken.
func judgeSegments(full string) error {
	full = strings.ReplaceAll(full, `\`, "/")
	for i := 0; ; i++ {
		segment, rest, more := strings.Cut(full, "/")
		name, _, _ := strings.Cut(segment, ";")
		bare := strings.TrimRight(name, ". ")
		switch {
		case bare == "" && strings.Contains(name, "."), strings.Contains(segment, "..;"):
			return errPathDots
		case bare == "" && i == 0 && more:
			return errPathHost
		case !more:
			return nil
		}
		full = rest
	}
}

// unnest takes one encoding off what is encoded twice.
func unnest(p string) string {
	if doubled(p) == 0 {
		return p
	}
	var out strings.Builder
	out.Grow(len(p))
	for i := 0; i < len(p); i++ {
		out.WriteByte(p[i])
		if strings.HasPrefix(p[i:], "%25") && i+4 < len(p) && hexadecimal(p[i+3]) && hexadecimal(p[i+4]) {
			i += 2
		}
	}
	return out.String()
}

// encoded reports whether p holds an escape.
func encoded(p string) bool {
	for i := strings.IndexByte(p, '%'); i >= 0 && i < len(p); i++ {
		if p[i] == '%' && escapeAt(p, i) {
			return true
		}
	}
	return false
}

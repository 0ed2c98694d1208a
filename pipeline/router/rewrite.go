package router

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Rewrite returns the stage that asks the upstream for the path of
// route.Rewrite, false where that is empty. The path is a template of whole
// segments, literals and the parameters of route.Match.Path, each written as
// it is there.
//
// Parameters are encoded anew, segment by segment; a rest keeps its slashes.
// Everything but unreserved characters and the sub-delimiters, ":" and "@"
// is escaped, and so is ";", lest a value act as a path parameter. The query stays
// byte for byte as it would have been sent. A value that would climb, "." or
// "..", is refused with 400, and so is a path that would begin with "//", where
// some read a host. A rest of a path with encoded slashes keeps them encoded.
func Rewrite(route *registry.Route) (pipeline.Stage, bool, error) {
	if route.Rewrite == "" {
		return pipeline.Stage{}, false, nil
	}
	var faults registry.Faults
	known := matchPath(route.Match.Path, &faults)
	template, errs := parseTemplate(route.Rewrite)
	for _, err := range errs {
		faults.Add("/rewrite", "%w", err)
	}
	if len(faults) == 0 {
		checkParameters(template, known, &faults)
	}
	if len(faults) > 0 {
		return pipeline.Stage{}, false, of(route, faults).Err()
	}
	return pipeline.Stage{
		Name: "rewrite", Phase: pipeline.Transform, Wrap: rewriteOf(template, len(known)).wrap,
		Vary: func(*pipeline.Exchange) string { return "" },
	}, true, nil
}

func checkParameters(template, known []segment, faults *registry.Faults) {
	for _, s := range template {
		if s.kind == literal || slices.Contains(known, s) {
			continue
		}
		if slices.Contains(names(known), s.text) {
			faults.Add("/rewrite", "parameter %q: want it written as in the path of the match", s.text)
			continue
		}
		faults.Add("/rewrite", "%w", registry.Unknown("parameter", s.text, names(known)))
	}
}

// A rewrite is a template made ready: what stands before each parameter,
// encoded, and what stands behind the last.
type rewrite struct {
	pieces []piece
	tail   string
	depth  int // segments of the path of the match
}

type piece struct {
	before  string
	name    string
	slashes bool // of the value are kept
}

func rewriteOf(template []segment, depth int) *rewrite {
	rw := &rewrite{depth: depth}
	var text strings.Builder
	for _, s := range template {
		text.WriteByte('/')
		if s.kind == literal {
			text.WriteString((&url.URL{Path: s.text}).EscapedPath())
			continue
		}
		rw.pieces = append(rw.pieces, piece{text.String(), s.text, s.kind == rest})
		text.Reset()
	}
	rw.tail = text.String()
	return rw
}

func (rw *rewrite) wrap(next pipeline.Handler) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		target, ok := rw.target(x)
		if !ok {
			return nil, pipeline.Refuse(http.StatusBadRequest, pipeline.CodePathRefused, "The path of the request is not allowed.")
		}
		x.SetTarget(target)
		return next(ctx, x)
	}
}

func (rw *rewrite) target(x *pipeline.Exchange) (string, bool) {
	var room [256]byte
	path := room[:0]
	for _, p := range rw.pieces {
		path = append(path, p.before...)
		value := x.Param(p.name)
		if climbs(value) {
			return "", false
		}
		if p.slashes && x.Spellings&registry.EncodedSlash != 0 {
			path = appendRest(path, x.In.URL.EscapedPath(), rw.depth)
			continue
		}
		path = appendEscaped(path, value, p.slashes)
	}
	path = append(path, rw.tail...)
	if hosted(string(path[1:])) {
		return "", false
	}
	if _, query, found := strings.Cut(x.Target(), "?"); found {
		path = append(append(path, '?'), query...)
	}
	return string(path), true
}

// climbs reports whether a value has a dot segment. The edge lets none through;
// this one is for who serves without it.
func climbs(value string) bool {
	if strings.IndexByte(value, '.') < 0 {
		return false
	}
	for segment := range strings.SplitSeq(value, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

func appendEscaped(path []byte, value string, slashes bool) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(value) {
		c := value[i]
		if plain(c) || c == '/' && slashes {
			path = append(path, c)
			continue
		}
		path = append(path, '%', hex[c>>4], hex[c&15])
	}
	return path
}

// hosted reports whether some read a host where the path, but for its first
// slash, begins: with a separator in any spelling, encoded twice among them,
// or with spaces before one, which some drop.
func hosted(path string) bool {
	if len(path) == 0 || path[0] != '/' && path[0] != '%' { // at once, as nearly always
		return false
	}
	for strings.HasPrefix(path, "%20") {
		path = path[len("%20"):]
	}
	for _, mark := range [...]string{"/", "%2F", "%5C", "%3B", "%252F", "%255C", "%253B"} {
		if len(path) >= len(mark) && strings.EqualFold(path[:len(mark)], mark) {
			return true
		}
	}
	return false
}

// appendRest appends what stands in an encoded path from segment n on, in
// which a slash and an encoded one are told apart.
func appendRest(path []byte, encoded string, n int) []byte {
	for ; n > 0; n-- {
		_, encoded, _ = strings.Cut(encoded, "/")
	}
	return append(path, strings.ReplaceAll(encoded, ";", "%3B")...)
}

// plain reports whether a byte stands for itself in a value: pchar of RFC 3986
// section 3.3, but for ";".
func plain(c byte) bool {
	if '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
		return true
	}
	return strings.IndexByte("-._~!$&'()*+,=:@", c) >= 0
}

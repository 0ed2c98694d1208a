package router

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// maxSegments bounds the segments of a template, and so the depth of a match.
const maxSegments = 64

type segmentKind uint8

const (
	literal segmentKind = iota
	parameter
	rest
)

// A segment is a literal, decoded, or the name of a parameter or rest.
type segment struct {
	kind segmentKind
	text string
}

// names returns the parameters of a template in their order.
func names(template []segment) []string {
	var all []string
	for _, s := range template {
		if s.kind != literal {
			all = append(all, s.text)
		}
	}
	return all
}

// parsePath parses the template of a match and returns all that is wrong with it.
func parsePath(text string) ([]segment, []error) {
	template, faults := parseTemplate(text)
	seen := map[string]bool{}
	for _, name := range names(template) {
		if seen[name] {
			faults = append(faults, fmt.Errorf("parameter %q occurs twice", name))
		}
		seen[name] = true
	}
	if n := len(names(template)); n > pipeline.MaxParams {
		faults = append(faults, fmt.Errorf("want at most %d parameters, not %d", pipeline.MaxParams, n))
	}
	return template, faults
}

// parseTemplate parses a template and returns all that is wrong with it.
func parseTemplate(text string) ([]segment, []error) {
	if !strings.HasPrefix(text, "/") {
		return nil, []error{fmt.Errorf("want a path that begins with /, not %q", text)}
	}
	parts := strings.Split(text[1:], "/")
	if len(parts) > maxSegments {
		return nil, []error{fmt.Errorf("want at most %d segments, not %d", maxSegments, len(parts))}
	}
	var faults []error
	template := make([]segment, len(parts))
	for i, part := range parts {
		var err error
		if template[i], err = parseSegment(part, i == len(parts)-1); err != nil {
			faults = append(faults, err)
		}
	}
	return template, faults
}

func parseSegment(part string, last bool) (segment, error) {
	if strings.ContainsAny(part, "{}") {
		return parseParameter(part, last)
	}
	if part == "" && !last {
		return segment{}, errors.New("want no empty segment but the last")
	}
	if part == "*" || part == "**" {
		return segment{}, fmt.Errorf("%q is no wildcard; write {name} or {name...}, or %%2A for the character", part)
	}
	text, err := parseLiteral(part)
	return segment{literal, text}, err
}

func parseParameter(part string, last bool) (segment, error) {
	name, opens := strings.CutPrefix(part, "{")
	name, closes := strings.CutSuffix(name, "}")
	name, isRest := strings.CutSuffix(name, "...")
	switch {
	case !opens || !closes || !isName(name):
		return segment{}, fmt.Errorf("segment %q: want a literal, {name} or {name...}, with a name of letters, digits and _", part)
	case isRest && !last:
		return segment{}, fmt.Errorf("segment %q: a rest stands last", part)
	case isRest:
		return segment{rest, name}, nil
	}
	return segment{parameter, name}, nil
}

func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// parseLiteral decodes a literal. What the edge never lets through would
// never match, and is a fault.
func parseLiteral(part string) (string, error) {
	if strings.ContainsAny(part, "?#") {
		return "", fmt.Errorf("segment %q: want a path without query and fragment", part)
	}
	text, err := url.PathUnescape(part)
	if err != nil {
		return "", fmt.Errorf("segment %q: %w", part, err)
	}
	if text == "." || text == ".." {
		return "", fmt.Errorf("segment %q: want a path without dot segments", part)
	}
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == 0x7f || c == '/' || c == '\\' {
			return "", fmt.Errorf("segment %q: no request has %q within a segment", part, c)
		}
	}
	return text, nil
}

package cache

import (
	"net/http"
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// varyNames returns the fields that Vary names, sorted and in canonical form.
// It reports false where nothing can tell which requests the response is for:
// Vary holds "*", what is no name, or too many.
func varyNames(h http.Header) ([]string, bool) {
	var names []string
	for _, line := range h["Vary"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = trim(name); name == "" {
				continue
			}
			if name == "*" || !token(name) {
				return nil, false
			}
			names = append(names, http.CanonicalHeaderKey(name))
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return names, len(names) <= maxVary
}

// union returns the names of both lists, sorted.
func union(a, b []string) []string {
	if len(a) == 0 {
		return b
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// appendFields writes the values of fields, as the request has them at this
// point, so that no two requests are written alike. Lines that are combined,
// and space around them, make no difference (RFC 9111 section 4.1).
func appendFields(key []byte, x *pipeline.Exchange, names []string) []byte {
	for _, name := range names {
		key = appendText(key, name)
		values := x.Values(name)
		if len(values) == 0 {
			key = append(key, absent)
			continue
		}
		key = append(key, present)
		key = appendText(key, combined(values))
	}
	return key
}

const (
	absent  = '-'
	present = '+'
)

func combined(values []string) string {
	if len(values) == 1 {
		return trim(values[0])
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = trim(v)
	}
	return strings.Join(trimmed, ", ")
}

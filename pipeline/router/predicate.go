package router

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/seed-f9645bd3/gateway/registry"
)

// Bounds of what a route asks of fields or parameters: how many of them, and
// the length of a pattern in bytes.
const (
	maxPredicates = 32
	maxPattern    = 1 << 10
)

// A predicate is a registry.Predicate made ready.
type predicate struct {
	name    string
	exact   string
	pattern *regexp.Regexp
}

// present reports whether p asks for nothing but presence.
func (p *predicate) present() bool { return p.exact == "" && p.pattern == nil }

// holds reports whether p holds for something that occurs so many times, the
// first time with this value.
func (p *predicate) holds(value string, times int) bool {
	switch {
	case p.present():
		return times > 0
	case times != 1:
		return false
	case p.pattern != nil:
		return p.pattern.MatchString(value)
	}
	return value == p.exact
}

func (p *predicate) field(h http.Header) bool {
	values := h[p.name]
	if len(values) == 0 {
		return false
	}
	return p.holds(values[0], len(values))
}

func (p *predicate) parameter(rawQuery string) bool {
	return p.holds(queryParameter(rawQuery, p.name))
}

// parsePredicates makes predicates ready; field is the JSON pointer of the list.
func parsePredicates(list []registry.Predicate, field string, name func(string) (string, error)) ([]predicate, registry.Faults) {
	var faults registry.Faults
	var ready []predicate
	if len(list) > maxPredicates {
		faults.Add(field, "want at most %d, not %d", maxPredicates, len(list))
		return nil, faults
	}
	for i, p := range list {
		at := fmt.Sprintf("%s/%d", field, i)
		canonical, err := name(p.Name)
		if err != nil {
			faults.Add(at+"/name", "%w", err)
		}
		pattern, err := parsePattern(p)
		if err != nil {
			faults.Add(at+"/pattern", "%w", err)
		}
		ready = append(ready, predicate{canonical, p.Exact, pattern})
	}
	return ready, faults
}

// parsePattern compiles the pattern by itself first, so that it cannot reach
// out of the group that ties it to the whole value.
func parsePattern(p registry.Predicate) (*regexp.Regexp, error) {
	switch {
	case p.Pattern == "":
		return nil, nil
	case p.Exact != "":
		return nil, errors.New("want either exact or pattern")
	case len(p.Pattern) > maxPattern:
		return nil, fmt.Errorf("want at most %d bytes, not %d", maxPattern, len(p.Pattern))
	}
	if _, err := regexp.Compile(p.Pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(`\A(?:` + p.Pattern + `)\z`)
}

func headerName(name string) (string, error) {
	if !isToken(name) {
		return "", fmt.Errorf("%q is no name of a header field", name)
	}
	if name = http.CanonicalHeaderKey(name); name == "Host" {
		return "", errors.New("the host is matched by hosts")
	}
	return name, nil
}

func queryName(name string) (string, error) {
	if name == "" {
		return "", errors.New("want the name of a query parameter")
	}
	return name, nil
}

// isToken reports whether s is a token (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		alphanumeric := '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !alphanumeric && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// disjoint reports whether no request can satisfy both lists, because they
// hold one thing to two exact values.
func disjoint(a, b []predicate) bool {
	for i := range a {
		for j := range b {
			if a[i].name == b[j].name && a[i].exact != "" && b[j].exact != "" && a[i].exact != b[j].exact {
				return true
			}
		}
	}
	return false
}

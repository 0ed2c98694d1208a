package registry

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxPattern is the length, in bytes, up to which a pattern is compiled.
const maxPattern = 1 << 10

func (v *validator) route(r *Route) {
	v.subject = Fault{Route: r.Name, Pos: r.Pos}
	v.name(r.Name, v.routes, "route")
	v.word("/protocol", "protocol", r.Protocol, "rest", "graphql", "grpc", "soap", "events")
	v.match(&r.Match)
	v.rewrite(r)
	for i, name := range r.Paths.Allow {
		v.fault("/paths/allow/"+strconv.Itoa(i), spellingFault(name))
	}
	for i, u := range r.Upgrade {
		if u != "websocket" {
			v.fault("/upgrade/"+strconv.Itoa(i), Unknown("protocol to upgrade to", clip(u), []string{"websocket"}))
		}
	}
	if r.Upstream != "" && !v.part && !v.upstreams[r.Upstream] {
		v.fault("/upstream", Unknown("upstream", clip(r.Upstream), keys(v.upstreams)))
	}
	v.policies(r.Policies)
}

func (v *validator) match(m *Match) {
	for i, host := range m.Hosts {
		if !validHost(strings.TrimPrefix(host, "*.")) {
			v.fault("/match/hosts/"+strconv.Itoa(i), fmt.Errorf("want a name such as api.example.com or *.example.com, without port, found %q", clip(host)))
		}
	}
	for i, method := range m.Methods {
		v.fault("/match/methods/"+strconv.Itoa(i), methodFault(method))
	}
	if !strings.HasPrefix(m.Path, "/") {
		v.fault("/match/path", pathFault(m.Path))
	}
	v.predicates("/match/headers/", m.Headers, validToken)
	v.predicates("/match/query/", m.Query, func(name string) bool { return name != "" })
}

func pathFault(path string) error {
	return fmt.Errorf("want a path that begins with a slash, found %q", clip(path))
}

func methodFault(method string) error {
	switch {
	case method == "CONNECT" || method == "TRACE":
		return fmt.Errorf("method %s is never forwarded", method)
	case !validToken(method):
		return fmt.Errorf("want a method such as GET, found %q", clip(method))
	case oneOf(strings.ToUpper(method), "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE") && method != strings.ToUpper(method):
		return fmt.Errorf("methods are case-sensitive: did you mean %q?", strings.ToUpper(method))
	}
	return nil
}

func (v *validator) predicates(at string, predicates []Predicate, valid func(string) bool) {
	for i, p := range predicates {
		field := at + strconv.Itoa(i)
		if !valid(p.Name) {
			v.fault(field+"/name", fmt.Errorf("want a name, found %q", clip(p.Name)))
		}
		if p.Exact != "" && p.Pattern != "" {
			v.fault(field, fmt.Errorf("want either exact or pattern, found both"))
		}
		if len(p.Pattern) > maxPattern {
			continue // the router says so
		}
		if _, err := regexp.Compile(p.Pattern); err != nil {
			v.fault(field+"/pattern", fmt.Errorf("not a pattern (RE2): %w", err))
		}
	}
}

// rewrite checks that each parameter of the rewrite is one of the path.
func (v *validator) rewrite(r *Route) {
	if r.Rewrite == "" {
		return
	}
	if r.Rewrite[0] != '/' {
		v.fault("/rewrite", pathFault(r.Rewrite))
	}
	given, _ := parameters(r.Match.Path)
	used, ok := parameters(r.Rewrite)
	if !ok {
		v.fault("/rewrite", fmt.Errorf("a brace has no partner in %q", clip(r.Rewrite)))
	}
	for _, name := range used {
		if !slices.Contains(given, name) {
			v.fault("/rewrite", Unknown("parameter", clip(name), given))
		}
	}
}

// parameters returns the names in the braces of a template, without the dots
// of a rest parameter, and false where a brace has no partner.
func parameters(template string) (names []string, ok bool) {
	for {
		before, rest, found := strings.Cut(template, "{")
		if strings.Contains(before, "}") {
			return names, false
		}
		if !found {
			return names, true
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || strings.Contains(name, "{") {
			return names, false
		}
		names = append(names, strings.TrimSuffix(name, "..."))
		template = after
	}
}

// validHost accepts a domain name (letters, digits, hyphens, underscores) or an address.
func validHost(host string) bool {
	if strings.HasPrefix(host, "[") {
		n, err := parseNetwork(strings.Trim(host, "[]"))
		return err == nil && n.IsSingleIP()
	}
	if host == "" || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, notInLabel) {
			return false
		}
	}
	return true
}

func notInLabel(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
}

// validToken accepts a token of RFC 9110 section 5.6.2.
func validToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return notInLabel(r) && !strings.ContainsRune("!#$%&'*+.^`|~", r)
	})
}

package answer

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform/internal/template"
)

// A target is RedirectConfig.To, compiled: each piece with the escaping that
// is right for it.
type target struct {
	origin    string // "https://new.example.com"; "https://" where sameHost
	sameHost  bool
	path      []template.Part
	query     []template.Part // with its "?"; nil where To has none
	keepQuery bool
}

const (
	hostVariable = "request.host"
	pathVariable = "request.path"
)

func parseTarget(text string, names template.Names) (target, error) {
	t, err := template.Parse(text, names)
	if err != nil {
		return target{}, err
	}
	if len(t.Parts) == 0 {
		return target{}, errors.New("want a path or an URL to redirect to")
	}
	var out target
	rest, err := out.takeOrigin(t.Parts)
	if err != nil {
		return target{}, err
	}
	return out, out.takeRest(rest)
}

// takeOrigin takes scheme and host of an URL off the parts.
func (t *target) takeOrigin(parts []template.Part) ([]template.Part, error) {
	first := parts[0].Literal
	scheme, authority, found := strings.Cut(first, "://")
	if parts[0].Name != "" || !found || strings.ContainsAny(scheme, "/?#") {
		return parts, nil
	}
	if scheme != "http" && scheme != "https" {
		return nil, fmt.Errorf("want http or https, not %q", scheme)
	}
	if authority == "" && len(parts) > 1 && parts[1].Name == hostVariable {
		t.origin, t.sameHost = scheme+"://", true
		return parts[2:], nil
	}
	end := strings.IndexAny(authority, "/?#")
	if end < 0 {
		end = len(authority)
	}
	t.origin = scheme + "://" + authority[:end]
	if u, err := url.Parse(t.origin); err != nil || u.Host == "" || u.Host != authority[:end] {
		return nil, fmt.Errorf("want the name of a host behind %s://, not %q", scheme, authority[:end])
	}
	rest := parts[1:]
	if end < len(authority) {
		rest = append([]template.Part{{Literal: authority[end:]}}, rest...)
	}
	return rest, nil
}

// takeRest splits what follows the origin at its first "?".
func (t *target) takeRest(parts []template.Part) error {
	t.path = parts
	for i, p := range parts {
		path, query, found := strings.Cut(p.Literal, "?")
		if !found {
			continue
		}
		t.path = append(parts[:i:i], template.Part{Literal: path})
		t.query = append([]template.Part{{Literal: "?" + query}}, parts[i+1:]...)
		break
	}
	for _, p := range parts {
		if err := checkPart(p); err != nil {
			return err
		}
	}
	return t.checkStart()
}

func checkPart(p template.Part) error {
	switch {
	case p.Name == hostVariable:
		return errors.New("{request.host} may only be the whole host: https://{request.host}{request.path}")
	case p.Name != "" && p.Name != pathVariable && !strings.HasPrefix(p.Name, "param."):
		return fmt.Errorf("{%s} cannot be part of a redirect; use param.NAME, request.path or request.host", p.Name)
	}
	for i := range len(p.Literal) {
		if c := p.Literal[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\\\"<>^`{|}#", c) >= 0 {
			return fmt.Errorf("want an URL in its escaped form, without fragment, not %q", p.Literal)
		}
	}
	if _, err := url.PathUnescape(p.Literal); err != nil {
		return fmt.Errorf("want an URL: %w", err)
	}
	return nil
}

// checkStart holds the path to begin with "/", by itself or by the path of the
// request: a parameter there would become part of the host.
func (t *target) checkStart() error {
	var first template.Part
	for _, p := range t.path {
		if p.Literal != "" || p.Name != "" {
			first = p
			break
		}
	}
	switch {
	case first.Name == pathVariable:
		return nil
	case first.Name == "" && first.Literal == "" && t.origin != "":
		return nil
	case !strings.HasPrefix(first.Literal, "/"):
		return errors.New(`want a path that begins with "/", by itself or behind http://host or https://host`)
	case t.origin == "" && strings.HasPrefix(first.Literal, "//"):
		return errors.New(`"//" begins the name of a host; write the URL out`)
	}
	return nil
}

// appendOrigin appends the origin, with the host of x where that is asked for.
func (t *target) appendOrigin(text []byte, x *pipeline.Exchange) ([]byte, bool) {
	text = append(text, t.origin...)
	if !t.sameHost {
		return text, true
	}
	host := hostname(x.In.Host)
	return append(text, host...), host != ""
}

// hostname returns the host without its port, empty where it is not a plain
// name or address.
func hostname(host string) string {
	u := url.URL{Host: host}
	name := u.Hostname()
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("-._:", c) < 0 {
			return ""
		}
	}
	if strings.Contains(name, ":") {
		return "[" + name + "]"
	}
	return name
}

func appendParts(text []byte, x *pipeline.Exchange, parts []template.Part, escape func(p template.Part, s string) string) []byte {
	for _, p := range parts {
		if p.Name == "" {
			text = append(text, p.Literal...)
			continue
		}
		text = append(text, escape(p, p.Value(x))...)
	}
	return text
}

// escapePath escapes a parameter for a path; one that took the rest of the
// path keeps its slashes. The path of the request is escaped already.
func escapePath(p template.Part, s string) string {
	switch {
	case p.Name == pathVariable:
		return s
	case !p.Rest:
		return url.PathEscape(s)
	}
	segments := strings.Split(s, "/")
	for i, segment := range segments {
		segments[i] = url.PathEscape(segment)
	}
	return strings.Join(segments, "/")
}

func escapeQuery(_ template.Part, s string) string { return url.QueryEscape(s) }

package answer

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/internal/field"
	"github.com/seed-f9645bd3/gateway/transform/internal/template"
)

// CodeRedirectRefused is the code of the 400 for a request whose path or host
// would lead the client astray.
const CodeRedirectRefused = "redirect_refused"

// RedirectConfig holds the settings of the kind "redirect".
type RedirectConfig struct {
	// To is where to: a path ("/v2/users/{param.id}") or an http or https URL
	// ("https://new.example.com{request.path}"). Variables: param.NAME of the
	// route's path and request.path, both escaped, and request.host, without
	// port, as the whole host of a URL. "{{" is one brace. Required.
	To string `json:"to"`
	// Status is 301, 302, 303, 307 or 308. Default 308, which keeps method and
	// body.
	Status int `json:"status,omitempty"`
	// Query says what becomes of the query of the request: keep (the default;
	// behind the one of To, where that has one) or drop.
	Query string `json:"query,omitempty" enum:"keep,drop"`
}

// Validate reports what is wrong with c, as far as can be told without the
// route.
func (c RedirectConfig) Validate() error {
	_, faults := compileRedirect(c, template.AnyRoute())
	return faults.Err()
}

func compileRedirect(c RedirectConfig, names template.Names) (target, registry.Faults) {
	var faults registry.Faults
	t, err := parseTarget(c.To, names)
	if err != nil {
		faults.Add("/to", "%w", err)
	}
	if !slices.Contains([]int{301, 302, 303, 307, 308}, c.status()) {
		faults.Add("/status", "want 301, 302, 303, 307 or 308, not %d", c.Status)
	}
	choices := []string{"keep", "drop"}
	if c.Query != "" && !slices.Contains(choices, c.Query) {
		faults.Add("/query", "%w", registry.Unknown("choice", c.Query, choices))
	}
	t.keepQuery = c.Query != "drop"
	return t, faults
}

func (c RedirectConfig) status() int { return cmp.Or(c.Status, http.StatusPermanentRedirect) }

// Redirect makes a stage that redirects and calls nothing behind it. The
// parameters in c are those of the route.
func Redirect(name string, c RedirectConfig, route *registry.Route) (pipeline.Stage, error) {
	t, faults := compileRedirect(c, template.ForRoute(route))
	if err := faults.Err(); err != nil {
		return pipeline.Stage{}, err
	}
	status := c.status()
	return last(name, func(x *pipeline.Exchange) (*http.Response, error) {
		location, ok := t.location(x)
		if !ok {
			return nil, pipeline.Refuse(http.StatusBadRequest, CodeRedirectRefused,
				"The request cannot be redirected safely.")
		}
		resp := pipeline.Respond(x, status, "", nil)
		resp.Header.Set("Location", location)
		return resp, nil
	}), nil
}

// location returns where x is sent. It reports false where the path would be
// read as another host ("//evil.example"), or something cannot be written.
func (t *target) location(x *pipeline.Exchange) (string, bool) {
	var room [256]byte
	text, ok := t.appendOrigin(room[:0], x)
	start := len(text)
	text = appendParts(text, x, t.path, escapePath)
	if path := string(text[start:]); !ok || astray(path, start > 0) || climbs(path) {
		return "", false
	}
	text = appendParts(text, x, t.query, escapeQuery)
	location := t.withQuery(string(text), x.In.URL.RawQuery)
	return location, field.ValidValue(location)
}

// astray reports whether path, behind an origin or not, leads elsewhere than
// the settings say. Browsers read a backslash as a slash.
func astray(path string, behindOrigin bool) bool {
	switch {
	case len(path) == 0:
		return !behindOrigin
	case path[0] != '/':
		return true
	case behindOrigin || len(path) == 1:
		return false
	}
	return path[1] == '/' || path[1] == '\\'
}

// climbs reports whether path has a dot segment, which clients resolve.
func climbs(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

func (t *target) withQuery(location, query string) string {
	if !t.keepQuery || query == "" {
		return location
	}
	query = strings.ReplaceAll(query, "#", "%23")
	if t.query == nil {
		return location + "?" + query
	}
	return location + "&" + query
}

package edge

import (
	"net/http"
	"slices"
)

// announce names the trailers that are known before the body.
func (c *call) announce(h, trailer http.Header) []string {
	if len(trailer) == 0 {
		return nil
	}
	names := make([]string, 0, len(trailer))
	for name := range trailer {
		if canonical := canonicalField(name); c.mayTrail(canonical) {
			names = append(names, canonical)
		}
	}
	slices.Sort(names)
	if len(names) > 0 {
		h["Trailer"] = names
	}
	return names
}

// trail hands over the trailers, which are complete now that the body has
// ended; those that were not announced too.
func (c *call) trail(resp *http.Response, announced []string) {
	if len(resp.Trailer) == 0 || c.client.Method == http.MethodHead || !mayHaveBody(resp.StatusCode) {
		return
	}
	if len(resp.Trailer) > len(announced) && !c.flushing && resp.ContentLength < 0 {
		_ = c.flush() // or net/http would give a short body a length, and trailers no place
	}
	h := c.w.Header()
	for name, values := range resp.Trailer {
		name = canonicalField(name)
		switch {
		case len(values) == 0, !c.mayTrail(name), !allValid(values):
		case slices.Contains(announced, name):
			h[name] = values
		default:
			h[http.TrailerPrefix+name] = values
		}
	}
}

// mayTrail reports whether a field may come after the body: none that frames,
// routes or authenticates (RFC 9110 section 6.5.1).
func (c *call) mayTrail(name string) bool {
	return token(name) && !hopByHop(name) && !internal(name) && !c.edge.fields.protected(name) &&
		name != "Cache-Control" && name != "Expires" && name != "Location" && name != "Www-Authenticate"
}

package gateway

import (
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/seed-f9645bd3/gateway/pipeline/router"
	"github.com/seed-f9645bd3/gateway/registry"
)

// spellings returns the odd ones that any route of s takes: the others do not
// get past the edge.
func spellings(s *registry.Snapshot) (all registry.Spelling) {
	for i := range s.Routes {
		all |= s.Routes[i].Paths.Spellings()
	}
	return all
}

// spelled refuses an exchange whose path is written as the route does not take
// it, or as a lenient backend would read it as one of another route.
func (t *table) spelled(x *pipeline.Exchange, m *router.Match) error {
	if m.Route < 0 {
		return edge.RefuseSpelling(x.Spellings)
	}
	if odd := x.Spellings &^ t.routes[m.Route].takes; odd != 0 {
		return edge.RefuseSpelling(odd)
	}
	if !t.unambiguous(x, m.Route) {
		return edge.RefuseSpelling(x.Spellings)
	}
	return nil
}

// unambiguous reports whether every reading of the path has the same route, or
// none.
func (t *table) unambiguous(x *pipeline.Exchange, route int) bool {
	readings, ok := edge.Readings(x.In.URL.EscapedPath())
	if !ok {
		return false
	}
	r := *x.In
	for _, u := range readings {
		var values [pipeline.MaxParams]string
		u.RawQuery = x.In.URL.RawQuery
		r.URL = u
		if m := t.router.Match(&r, &values); m.Route != route && m.Status != http.StatusNotFound {
			return false
		}
	}
	return true
}

package gateway

import (
	"errors"
	"fmt"
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
	if err := t.readOtherwise(x, m.Route); err != nil {
		p := edge.RefuseSpelling(x.Spellings).Because(err)
		p.Detail = "Some would read the path as one of another route: " + x.Spellings.String() + "."
		return p
	}
	return nil
}

// readOtherwise returns an error where not every reading of the path has the
// same route, or none.
func (t *table) readOtherwise(x *pipeline.Exchange, route int) error {
	readings, ok := edge.Readings(x.In.URL.EscapedPath())
	if !ok {
		return errors.New("the path has too many readings")
	}
	r := *x.In
	for _, u := range readings {
		var values [pipeline.MaxParams]string
		u.RawQuery = x.In.URL.RawQuery
		r.URL = u
		switch m := t.router.Match(&r, &values); {
		case m.Route == route || m.Status == http.StatusNotFound:
		case m.Route < 0:
			return fmt.Errorf("reading %q is refused with %d", u.Path, m.Status)
		default:
			return fmt.Errorf("reading %q is one of route %q", u.Path, t.snapshot.Routes[m.Route].Name)
		}
	}
	return nil
}

package router

import (
	"hash/maphash"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A Router finds routes. It is never altered, and may be used by any number of
// goroutines at once.
type Router struct {
	seed     maphash.Seed
	exact    map[string]*node
	wildcard map[string]*node // by suffix: ".example.com"
	any      *node
}

// A Match is what a Router found for a request.
type Match struct {
	// Route is the index of the route among those that New was given, -1 where
	// none takes the request.
	Route int
	// Names holds the names of the parameters, in the order of the values. It
	// is shared and never altered.
	Names []string
	// Allow lists the methods of the path, "GET, HEAD, OPTIONS", on a 405 and
	// for an automatic OPTIONS.
	Allow string
	// Automatic says that no route takes this OPTIONS request by itself, and
	// that it is answered with Allow. Route is then the one whose observe
	// stages answer: for a CORS preflight the one that would take the announced
	// method, else the first that has the path.
	Automatic bool
	// Status is 0 where there is a route; else 404, 405, or 400 where the query
	// decides and cannot be read.
	Status int
}

// Problem returns the refusal that a match without a route stands for, nil
// where there is a route.
func (m *Match) Problem() *pipeline.Problem {
	switch m.Status {
	case http.StatusBadRequest:
		return pipeline.Refuse(m.Status, pipeline.CodeQueryMalformed, "The query of the request cannot be read.")
	case http.StatusNotFound:
		return pipeline.Refuse(m.Status, pipeline.CodeRouteUnknown, "There is nothing here.")
	case http.StatusMethodNotAllowed:
		return pipeline.Refuse(m.Status, pipeline.CodeMethodRefused, "The method is not allowed here.").With("Allow", m.Allow)
	}
	return nil
}

// anyMethod is what a route of no methods is said to allow.
var anyMethod = [...]string{
	http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions,
	http.MethodPatch, http.MethodPost, http.MethodPut,
}

// never reports whether no route takes the method: CONNECT asks for a tunnel
// and TRACE echoes fields, credentials included.
func never(method string) bool {
	return method == http.MethodConnect || method == http.MethodTrace
}

// Match finds the route of a request and puts the decoded values of its
// parameters into values. The request is as the edge hands it on: host in
// lower case without a dot at its end, path canonical.
func (r *Router) Match(req *http.Request, values *[pipeline.MaxParams]string) Match {
	s := search{req: req, seed: r.seed, roots: r.roots(hostname(req.Host)), method: req.Method, values: values}
	s.path, s.encoded = requestPath(req.URL)
	if never(req.Method) {
		return s.refuse()
	}
	c := s.find(findTaker)
	switch {
	case s.malformed:
		return Match{Route: -1, Status: http.StatusBadRequest}
	case c != nil:
		return Match{Route: c.route, Names: c.names}
	case !s.reached:
		return Match{Route: -1, Status: http.StatusNotFound}
	}
	return s.refuse()
}

func (r *Router) roots(host string) [3]*node {
	roots := [3]*node{2: r.any}
	if len(r.exact) > 0 {
		roots[0] = r.exact[host]
	}
	if len(r.wildcard) > 0 {
		if dot := strings.IndexByte(host, '.'); dot > 0 {
			roots[1] = r.wildcard[host[dot:]]
		}
	}
	return roots
}

// refuse tells what to answer where no route takes the method.
func (s *search) refuse() Match {
	announced := ""
	if s.method == http.MethodOptions {
		announced = s.req.Header.Get("Access-Control-Request-Method")
		s.preflight = announced != ""
	}
	s.find(collectAll)
	switch {
	case s.malformed:
		return Match{Route: -1, Status: http.StatusBadRequest}
	case len(s.allow) == 0:
		return Match{Route: -1, Status: http.StatusNotFound}
	case s.method != http.MethodOptions:
		return Match{Route: -1, Status: http.StatusMethodNotAllowed, Allow: s.allowed()}
	}
	return s.automatic(announced)
}

func (s *search) automatic(announced string) Match {
	var c *candidate
	if announced != "" && !never(announced) {
		s.method = announced
		c = s.find(findTaker)
	}
	if c == nil {
		c = s.find(findHolder)
	}
	return Match{Route: c.route, Names: c.names, Allow: s.allowed(), Automatic: true}
}

func (s *search) allowed() string {
	s.allow = append(s.allow, http.MethodOptions)
	slices.Sort(s.allow)
	return strings.Join(slices.Compact(s.allow), ", ")
}

// New makes a Router of routes. The error holds all that is wrong with them,
// as registry.Faults: templates, hosts, methods and predicates that say
// nothing clear, and routes that would take one request with equal right.
func New(routes []registry.Route) (*Router, error) {
	b := builder{
		routes: routes, candidates: make([]candidate, len(routes)),
		trees: map[hostKey]*branch{}, texts: map[string]string{},
	}
	for i := range routes {
		b.add(i)
	}
	for _, l := range b.leaves {
		l.seal(b.clash)
	}
	if err := b.faults.Err(); err != nil {
		return nil, err
	}
	return b.router(), nil
}

package admin

import (
	"maps"
	"net/http"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Control is the gateway, as this package needs it. Its methods are called for
// each request of an operator, from many goroutines at once; they return soon,
// and what they return is not altered.
type Control interface {
	// Serving reports whether a table serves and no drain has begun.
	Serving() bool
	Routes() []pipeline.RouteStatus
	Config() pipeline.ConfigStatus
}

// Upstreams is what a Control may also be able to tell. Without it, /upstreams
// is unknown.
type Upstreams interface {
	Upstreams() []pipeline.UpstreamStatus
}

// A server is the handler that New makes.
type server struct {
	control Control
	pages   map[string]http.HandlerFunc
	hosts   map[string]bool
}

// New makes the admin API of a gateway.
func New(c Control, opts ...Option) http.Handler {
	s := &server{control: c, hosts: map[string]bool{}}
	s.pages = map[string]http.HandlerFunc{
		"/livez": s.live, "/readyz": s.ready, "/routes": s.routes, "/config": s.config,
	}
	if u, ok := c.(Upstreams); ok {
		s.pages["/upstreams"] = upstreams(u)
	}
	for _, o := range opts {
		o(s)
	}
	return s
}

// An Option changes the admin API.
type Option func(*server)

// Metrics serves h at /metrics. Without it, /metrics is unknown.
func Metrics(h http.Handler) Option {
	return func(s *server) { s.pages["/metrics"] = h.ServeHTTP }
}

// Hosts names the hosts, without port, that the API answers to, besides
// addresses and localhost. Without it, a listener that is not on loopback
// answers to any.
func Hosts(names ...string) Option {
	return func(s *server) {
		for _, n := range names {
			s.hosts[strings.ToLower(strings.TrimSuffix(n, "."))] = true
		}
	}
}

// Pprof says whether profiles of the process are served below /debug/pprof/.
// They are not by default: they cost, and tell much.
func Pprof(on bool) Option {
	return func(s *server) {
		if on {
			maps.Copy(s.pages, profiles())
		}
	}
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")

	page, known := s.pages[r.URL.Path]
	switch {
	case !s.accepts(r):
		refuse(w, http.StatusForbidden, CodeHostRefused)
	case !known:
		refuse(w, http.StatusNotFound, CodeUnknown)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, pipeline.CodeMethodRefused)
	default:
		page(w, r)
	}
}

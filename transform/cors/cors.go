package cors

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/internal/field"
)

// Codes of decisions.
const (
	CodePreflight     = "cors_preflight"      // a preflight was answered
	CodeOriginRefused = "cors_origin_refused" // a preflight of an origin that is not allowed
)

const (
	allowOrigin      = "Access-Control-Allow-Origin"
	allowCredentials = "Access-Control-Allow-Credentials"
	allowMethods     = "Access-Control-Allow-Methods"
	allowHeaders     = "Access-Control-Allow-Headers"
	allowPrivate     = "Access-Control-Allow-Private-Network"
	exposeHeaders    = "Access-Control-Expose-Headers"
	maxAge           = "Access-Control-Max-Age"
	requestMethod    = "Access-Control-Request-Method"
	requestHeaders   = "Access-Control-Request-Headers"
	requestPrivate   = "Access-Control-Request-Private-Network"
)

// A sharer answers for one route. Slices of values are made once and shared.
type sharer struct {
	name     string
	any      []string            // {"*"} where everyone may call
	exact    map[string][]string // each with its value of Allow-Origin
	patterns []origin
	onAll    http.Header // fields of every answer to an allowed origin
	onFlight http.Header // further ones of the answer to a preflight
	methods  []string    // of the settings, as one value
	fallback []string    // of the route, where the router does not say better
	private  bool

	vary, varyFlight field.Vary
}

func newSharer(name string, c Config, route *registry.Route) *sharer {
	s := &sharer{
		name: name, exact: map[string][]string{}, onAll: http.Header{}, onFlight: http.Header{},
		methods: list(c.Methods), fallback: methodsOf(route), private: c.PrivateNetwork,
		vary:       field.NewVary("Origin"),
		varyFlight: field.NewVary("Origin", requestMethod, requestHeaders, requestPrivate),
	}
	for _, o := range c.Origins {
		s.take(o)
	}
	if c.Credentials {
		s.onAll.Set(allowCredentials, "true")
	}
	put(s.onAll, exposeHeaders, c.ExposeHeaders)
	put(s.onFlight, allowHeaders, c.Headers)
	if c.MaxAge > 0 {
		s.onFlight.Set(maxAge, strconv.Itoa(int(c.MaxAge.Std().Seconds())))
	}
	return s
}

func put(h http.Header, name string, members []string) {
	if value := list(members); value != nil {
		h[name] = value
	}
}

func (s *sharer) take(text string) {
	o, err := parseOrigin(text)
	switch {
	case err != nil: // Validate has refused it: it takes nobody
	case o.exact == "*":
		s.any = []string{"*"}
	case o.exact != "":
		s.exact[o.exact] = []string{o.exact}
	default:
		s.patterns = append(s.patterns, o)
	}
}

// methodsOf returns what the route takes.
func methodsOf(route *registry.Route) []string {
	if route == nil || len(route.Match.Methods) == 0 {
		return []string{"GET, HEAD, POST, PUT, PATCH, DELETE"}
	}
	return list(route.Match.Methods)
}

// list returns the members as the one value of a field, nil where there is none.
func list(members []string) []string {
	if len(members) == 0 {
		return nil
	}
	return []string{strings.Join(members, ", ")}
}

// allowed returns the value of Allow-Origin, nil where the origin is not
// allowed or the request has none.
func (s *sharer) allowed(in http.Header) []string {
	if s.any != nil {
		return s.any
	}
	sent := in["Origin"]
	if len(sent) != 1 {
		return nil
	}
	if value, ok := s.exact[sent[0]]; ok {
		return value
	}
	for _, p := range s.patterns {
		if p.matches(sent[0]) {
			return []string{sent[0]}
		}
	}
	return nil
}

func (s *sharer) wrap(next pipeline.Handler) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		allow := s.allowed(x.In.Header)
		if allow != nil {
			s.reply(x, allow)
		}
		if preflight(x.In) {
			return s.flight(x, allow != nil), nil
		}
		resp, err := next(ctx, x)
		if resp != nil {
			clean(resp.Header)
		}
		s.mark(x, resp)
		return resp, err
	}
}

// preflight reports whether the request is a CORS-preflight request of the
// Fetch standard.
func preflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && len(r.Header["Origin"]) > 0 && len(r.Header[requestMethod]) > 0
}

// reply puts the fields on whatever will be answered.
func (s *sharer) reply(x *pipeline.Exchange, allow []string) {
	if x.Reply == nil {
		x.Reply = make(http.Header, 4)
	}
	x.Reply[allowOrigin] = allow
	for name, values := range s.onAll {
		x.Reply[name] = values
	}
}

// mark says that the answer depends on who asks; to all alike, it does not.
func (s *sharer) mark(x *pipeline.Exchange, resp *http.Response) {
	if s.any == nil {
		s.vary.Mark(x, resp)
	}
}

// flight answers a preflight. An origin that is not allowed gets an answer
// without the fields, which is how browsers are told no.
func (s *sharer) flight(x *pipeline.Exchange, allowed bool) *http.Response {
	resp := pipeline.Respond(x, http.StatusNoContent, "", nil)
	s.varyFlight.Mark(x, resp)
	if !allowed {
		x.Decide(pipeline.Decision{Stage: s.name, Verdict: pipeline.Deny, Code: CodeOriginRefused})
		return resp
	}
	x.Decide(pipeline.Decision{Stage: s.name, Verdict: pipeline.Pass, Code: CodePreflight})
	for name, values := range s.onFlight {
		resp.Header[name] = values
	}
	resp.Header[allowMethods] = s.methodsFor(x)
	if s.private && x.In.Header.Get(requestPrivate) == "true" {
		resp.Header.Set(allowPrivate, "true")
	}
	return resp
}

// methodsFor returns the settings, else what the router says of all routes of
// the path, else what this route takes.
func (s *sharer) methodsFor(x *pipeline.Exchange) []string {
	switch {
	case s.methods != nil:
		return s.methods
	case x.Allow != "":
		return []string{x.Allow}
	}
	return s.fallback
}

// clean removes what the backend says about CORS, so that nothing is said
// twice: browsers take a doubled field for none.
func clean(h http.Header) {
	for _, name := range [...]string{
		allowOrigin, allowCredentials, allowMethods, allowHeaders, allowPrivate, exposeHeaders, maxAge,
	} {
		delete(h, name)
	}
}

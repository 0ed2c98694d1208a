package gatewaytest

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// An Option says more about an exchange, or about the surroundings in which
// something is built or run. One type serves NewExchange, Run, Build and Env;
// each takes notice of the options that concern it.
type Option func(*settings)

// settings are what options set.
type settings struct {
	exchange []func(x *pipeline.Exchange)
	names    []string
	values   [pipeline.MaxParams]string

	ctx     context.Context
	next    pipeline.Handler
	closing <-chan struct{}
	record  []pipeline.Recorder

	route       *registry.Route
	environment string
	kinds       []pipeline.AnyKind
	directory   registry.Directory
	upstreams   map[string]pipeline.Handler
}

func apply(opts []Option) *settings {
	s := &settings{}
	for _, o := range opts {
		o(s)
	}
	return s
}

func onExchange(f func(x *pipeline.Exchange)) Option {
	return func(s *settings) { s.exchange = append(s.exchange, f) }
}

// Header adds a field to the request.
func Header(field, value string) Option {
	return onExchange(func(x *pipeline.Exchange) { x.In.Header.Add(field, value) })
}

// Body gives the request a body of known length.
func Body(content string) Option {
	return onExchange(func(x *pipeline.Exchange) { setBody(x, io.NopCloser(strings.NewReader(content)), int64(len(content))) })
}

// Stream gives the request a body that is read as it comes; length is -1
// where unknown.
func Stream(body io.ReadCloser, length int64) Option {
	return onExchange(func(x *pipeline.Exchange) { setBody(x, body, length) })
}

// Host sets the host that is asked for; example.com otherwise.
func Host(name string) Option {
	return onExchange(func(x *pipeline.Exchange) { x.In.Host = name })
}

// TLS makes the request one that came over TLS.
func TLS(state *tls.ConnectionState) Option {
	return onExchange(func(x *pipeline.Exchange) { x.In.TLS, x.Scheme = state, "https" })
}

// Client sets the caller's address; 192.0.2.1 otherwise.
func Client(addr string) Option {
	return onExchange(func(x *pipeline.Exchange) { x.Client = netip.MustParseAddr(addr) })
}

// Identity sets who the caller proved to be.
func Identity(id *pipeline.Identity) Option {
	return onExchange(func(x *pipeline.Exchange) { x.Identity = id })
}

// Subscription sets the subscription that counts.
func Subscription(sub *registry.Subscription) Option {
	return onExchange(func(x *pipeline.Exchange) { x.Subscription = sub })
}

// Grant sets what the caller may see and do.
func Grant(g *pipeline.Grant) Option {
	return onExchange(func(x *pipeline.Exchange) { x.Grant = g })
}

// Param sets a parameter of the path, beside those set before.
func Param(name, value string) Option {
	return func(s *settings) {
		s.values[len(s.names)] = value
		s.names = append(s.names, name)
	}
}

// Deadline says by when the response head must be in.
func Deadline(at time.Time) Option {
	return onExchange(func(x *pipeline.Exchange) { x.Deadline = at })
}

// Upgrade makes the request one that asks to switch to a protocol.
func Upgrade(protocol string) Option {
	return onExchange(func(x *pipeline.Exchange) {
		x.Upgrade = strings.ToLower(protocol)
		x.In.Header.Set("Connection", "Upgrade")
		x.In.Header.Set("Upgrade", protocol)
	})
}

// Environment sets the environment of the snapshot; "test" otherwise.
func Environment(name string) Option { return func(s *settings) { s.environment = name } }

// Route sets the route; one named "route" otherwise.
func Route(r *registry.Route) Option { return func(s *settings) { s.route = r } }

// Context sets the context of the client; Background otherwise.
func Context(ctx context.Context) Option { return func(s *settings) { s.ctx = ctx } }

// Next sets the handler that the stage is run around. Whatever it does with
// the exchange is its own affair: the body is there for it to take.
func Next(h pipeline.Handler) Option { return func(s *settings) { s.next = h } }

// Served has the stage run around an http.Handler, such as a [Backend].
func Served(h http.Handler) Option { return Next(Deliver(h)) }

// Retired sets the channel that is closed when the route retires.
func Retired(closing <-chan struct{}) Option {
	return func(s *settings) { s.closing = closing }
}

// Recorded has the recorders told how the exchange ended.
func Recorded(recorders ...pipeline.Recorder) Option {
	return func(s *settings) { s.record = append(s.record, recorders...) }
}

// WithKinds makes kinds known to what is built.
func WithKinds(kinds ...pipeline.AnyKind) Option {
	return func(s *settings) { s.kinds = append(s.kinds, kinds...) }
}

// WithDirectory sets the directory of what is built; an empty one otherwise.
func WithDirectory(d registry.Directory) Option {
	return func(s *settings) { s.directory = d }
}

// WithUpstream makes an upstream known to what is built.
func WithUpstream(name string, h http.Handler) Option {
	return func(s *settings) {
		if s.upstreams == nil {
			s.upstreams = map[string]pipeline.Handler{}
		}
		s.upstreams[name] = Deliver(h)
	}
}

func (s *settings) routeOr() *registry.Route {
	if s.route != nil {
		return s.route
	}
	return &registry.Route{Name: "route", Match: registry.Match{Path: "/{rest...}"}}
}

func (s *settings) environmentOr() string {
	if s.environment != "" {
		return s.environment
	}
	return "test"
}

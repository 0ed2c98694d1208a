package gatewaytest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A Gateway is a whole gateway in process. It opens no socket, so that it may
// live inside a testing/synctest bubble, where its timeouts pass at once.
type Gateway struct {
	*gateway.Gateway
	t        testing.TB
	backends *backends
	ended    ended
}

// ErrAborted says that the connection was cut off after the head of the
// answer had been sent.
var ErrAborted = errors.New("gatewaytest: the connection was aborted")

// New makes a gateway that serves the snapshot, and is closed when t ends. The
// options are those of gateway.New; the kinds that the snapshot names are
// among them:
//
//	g := gatewaytest.New(t, snapshot, standard.Kinds())
//	g.Backend("users", http.HandlerFunc(...))
//	got := g.Do(httptest.NewRequest("GET", "/users/7", nil))
//
// An upstream without endpoints, or one that only routes name, is served in
// process: by what Backend says or, before that, by 200 without a body. One
// that has endpoints is asked at them, unless gateway.Upstream takes their
// place.
func New(t testing.TB, snapshot *registry.Snapshot, opts ...gateway.Option) *Gateway {
	t.Helper()
	return NewUpdate(t, registry.Update{Snapshot: snapshot}, opts...)
}

// NewUpdate is New with changes of the directory beside the snapshot.
func NewUpdate(t testing.TB, u registry.Update, opts ...gateway.Option) *Gateway {
	t.Helper()
	g, err := TryUpdate(t, u, opts...)
	if err != nil {
		t.Fatalf("the configuration is refused:\n%v", err)
	}
	return g
}

// TryUpdate is NewUpdate that returns the faults.
func TryUpdate(t testing.TB, u registry.Update, opts ...gateway.Option) (*Gateway, error) {
	t.Helper()
	return try(t, u, inProcess(u.Snapshot), opts)
}

// try serves the upstreams that names lists in process.
func try(t testing.TB, u registry.Update, names []string, opts []gateway.Option) (*Gateway, error) {
	t.Helper()
	g := &Gateway{t: t, backends: newBackends()}
	all := []gateway.Option{gateway.Recorders(teller{})}
	for _, name := range names {
		all = append(all, gateway.Upstream(name, g.backends.add(name)))
	}
	made, err := gateway.New(append(all, opts...)...)
	if err != nil {
		return nil, err
	}
	g.Gateway = made
	t.Cleanup(func() {
		if err := made.Close(); err != nil {
			t.Errorf("close the gateway: %v", err)
		}
		g.ended.check(t)
	})
	if err := made.Apply(t.Context(), u); err != nil {
		return nil, err
	}
	return g, nil
}

// inProcess names the upstreams that have no endpoints.
func inProcess(s *registry.Snapshot) []string {
	var names, elsewhere []string
	for _, u := range s.Upstreams {
		if len(u.Endpoints) > 0 {
			elsewhere = append(elsewhere, u.Name)
			continue
		}
		names = append(names, u.Name)
	}
	for _, r := range s.Routes {
		if r.Upstream != "" && !slices.Contains(elsewhere, r.Upstream) {
			names = append(names, r.Upstream)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Backend has h serve the upstream from now on.
func (g *Gateway) Backend(name string, h http.Handler) {
	g.t.Helper()
	b := g.backends.get(name)
	if b == nil {
		g.t.Fatalf("upstream %q is not served in process: there is none, or it has endpoints; gateway.Upstream(%q, handler) among the options takes their place", name, name)
	}
	b.serve(h)
}

// Seen returns what came to the upstreams that are served in process, in the
// order in which it was answered.
func (g *Gateway) Seen() []Seen { return g.backends.all() }

// Reload applies another snapshot, and fails the test where it is refused. It
// may name no upstream without endpoints that New did not know.
func (g *Gateway) Reload(snapshot *registry.Snapshot) {
	g.t.Helper()
	if err := g.Apply(g.t.Context(), registry.Update{Snapshot: snapshot}); err != nil {
		g.t.Fatalf("the configuration is refused:\n%v", err)
	}
}

// Do serves one request, as the server of net/http would, and tells all that
// became of it. The request may be one of httptest.NewRequest or of
// http.NewRequest. Protocols cannot be switched: for tunnels, serve g on
// loopback by httptest.NewServer.
//
// The exchange is spoilt after its end: a stage or recorder that keeps it, or
// the fields of its request, panics or finds nonsense, and one that writes to
// it fails the test when the gateway is closed.
func (g *Gateway) Do(r *http.Request) Result {
	g.t.Helper()
	told := &told{}
	r = received(r.WithContext(context.WithValue(r.Context(), toldKey{}, told)))
	w := newWriter()
	aborted := abortable(g, w, r)
	got := w.result()
	got.Route, got.Decisions, got.Attempts = told.Route, told.Decisions, told.Attempts
	got.Summary, got.Err, got.Code = told.Summary, told.Summary.Err, pipeline.Code(told.Summary.Err)
	if aborted {
		got.Err = errors.Join(ErrAborted, got.Err)
	}
	g.ended.add(told.exchange)
	return got
}

// abortable reports whether the handler aborted the connection.
func abortable(h http.Handler, w http.ResponseWriter, r *http.Request) (aborted bool) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			aborted = true
		default:
			panic(p)
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

// received fills in what a request has once a server has read it.
func received(r *http.Request) *http.Request {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	if r.RequestURI == "" {
		r.RequestURI = r.URL.RequestURI()
	}
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	r.Header = r.Header.Clone()
	if r.RemoteAddr == "" {
		r.RemoteAddr = "192.0.2.1:1234"
	}
	return r
}

type toldKey struct{}

// told is what the recorder heard of one exchange.
type told struct {
	Result
	exchange *pipeline.Exchange
}

// teller is the recorder that tells Do how its exchange ended.
type teller struct{}

// For implements pipeline.Recorder.
func (teller) For(route *registry.Route) func(x *pipeline.Exchange, s *pipeline.Summary) {
	name := ""
	if route != nil {
		name = route.Name
	}
	return func(x *pipeline.Exchange, s *pipeline.Summary) {
		told, ok := x.In.Context().Value(toldKey{}).(*told)
		if !ok {
			return
		}
		told.exchange = x
		told.Route, told.Summary = name, *s
		told.Decisions, told.Attempts = slices.Clone(x.Decisions()), slices.Clone(x.Attempts())
	}
}

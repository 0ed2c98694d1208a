package upstream

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Options is what an upstream is given beside its settings.
type Options struct {
	// Log takes what is worth a line outside of any exchange; nil drops it.
	Log *slog.Logger
	// Via is the pseudonym of this gateway in Via; empty means "gateway".
	Via string
	// Balancer picks the endpoint of each attempt; nil means NewRoundRobin().
	Balancer Balancer
	// Handler serves in process. Endpoints are not used then.
	Handler http.Handler
	// Transport wraps or replaces the transport. It is called once for each
	// endpoint, with a transport of its own. Nil leaves it as it is.
	Transport func(registry.Upstream, *http.Transport) http.RoundTripper
}

// An Upstream delivers exchanges to one set of endpoints. Its methods may be
// called from many goroutines at once.
type Upstream struct {
	config    registry.Upstream
	log       *slog.Logger
	balancer  Balancer
	tls       *tls.Config
	transport func(registry.Upstream, *http.Transport) http.RoundTripper
	forward   forward
	patience  time.Duration // with a full endpoint
	handler   *inProcess

	mu        sync.Mutex // held by who changes endpoints
	endpoints atomic.Pointer[[]*Endpoint]
}

// New makes an upstream. All faults of its settings are returned together, as
// registry.Faults. It connects to nothing.
func New(u registry.Upstream, o Options) (*Upstream, error) {
	faults := check(u)
	config, err := tlsConfig(u.TLS)
	if err != nil {
		faults.Add("/tls/ca_file", "%w", err)
	}
	_, wrong := checkEndpoints(u.Endpoints)
	if faults = append(faults, wrong...); len(faults) > 0 {
		return nil, of(u.Name, faults)
	}
	up := &Upstream{
		config: u, log: o.Log, balancer: o.Balancer, tls: config, transport: o.Transport,
		forward:  newForward(u.Forward, o.Via),
		patience: u.Timeouts.Dial.Or(defaultDial) + u.Timeouts.TLSHandshake.Or(defaultTLSHandshake),
	}
	if up.log == nil {
		up.log = slog.New(slog.DiscardHandler)
	}
	if up.balancer == nil {
		up.balancer = NewRoundRobin()
	}
	if u.TLS.InsecureSkipVerify {
		up.log.Warn("certificates of backends are not verified", "upstream", u.Name, "setting", "insecure_skip_verify")
	}
	up.endpoints.Store(&[]*Endpoint{})
	if o.Handler != nil {
		up.handler = &inProcess{handler: o.Handler, prepare: up.prepare, log: up.log}
		return up, nil
	}
	return up, up.Update(u.Endpoints)
}

// Update swaps the set of endpoints. Those whose URL stays keep their
// *Endpoint and their connections; those that left serve what they have begun
// and let go of their connections as they become idle. Where a new one is
// faulty, nothing changes.
func (u *Upstream) Update(endpoints []registry.Endpoint) error {
	if u.handler != nil {
		return nil
	}
	urls, faults := checkEndpoints(endpoints)
	if len(faults) > 0 {
		return of(u.config.Name, faults)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	before := map[string]*Endpoint{}
	for _, e := range *u.endpoints.Load() {
		before[e.address] = e
	}
	set := make([]*Endpoint, len(endpoints))
	for i, c := range endpoints {
		set[i] = u.endpoint(before[c.URL], urls[i], c)
		delete(before, c.URL)
	}
	u.endpoints.Store(&set)
	for _, e := range before {
		e.retire()
	}
	return nil
}

// endpoint returns the one that was there, with its settings of now, or a new
// one.
func (u *Upstream) endpoint(was *Endpoint, address *url.URL, c registry.Endpoint) *Endpoint {
	if was != nil {
		was.config.Store(&c)
		return was
	}
	e := &Endpoint{url: address, address: c.URL, base: newTransport(u.config, u.tls)}
	e.config.Store(&c)
	e.send = e.base
	if u.transport != nil {
		e.send = u.transport(u.config, e.base)
	}
	return e
}

// Status describes the endpoints as they are used now.
func (u *Upstream) Status() pipeline.UpstreamStatus {
	endpoints := *u.endpoints.Load()
	s := pipeline.UpstreamStatus{Name: u.config.Name, Endpoints: make([]pipeline.EndpointStatus, len(endpoints))}
	for i, e := range endpoints {
		s.Endpoints[i] = pipeline.EndpointStatus{
			URL: e.URL(), Weight: e.Weight(), Zone: e.Zone(), Version: e.Version(), InFlight: e.InFlight(),
		}
	}
	return s
}

// Close lets go of the connections: the idle ones now, the others as they
// become idle. The upstream takes no exchange any more.
func (u *Upstream) Close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	closing := *u.endpoints.Load()
	u.endpoints.Store(&[]*Endpoint{})
	for _, e := range closing {
		e.retire()
	}
}

// Serve delivers the exchange: one attempt at one endpoint. It is the handler
// of phase Forward.
func (u *Upstream) Serve(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
	if u.handler != nil {
		return u.handler.attempt(ctx, x)
	}
	e := u.pick(x)
	if e == nil {
		return nil, &pipeline.UpstreamError{Kind: pipeline.UpstreamNoneReady}
	}
	return u.try(ctx, x, e)
}

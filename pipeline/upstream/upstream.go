package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream/internal/h1"
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
	// endpoint, with a transport of its own, and once more for its probes. Nil
	// leaves it as it is.
	Transport func(registry.Upstream, *http.Transport) http.RoundTripper
	// Go starts what health settings need a goroutine for, once, and is asked
	// by New: f returns soon after its context has ended or the upstream was
	// closed. An upstream without health settings needs none.
	Go func(f func(ctx context.Context))
	// Before is the upstream that this one replaces, nil where there is none.
	// What it knows of the health of endpoints that stay is taken over.
	Before *Upstream
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
	// responseHead bounds the wait for the head after the request was written.
	responseHead time.Duration
	sweeper      *h1.Sweeper
	handler      *inProcess
	active       *active  // nil where nothing is probed
	passive      *passive // nil where nothing is ejected
	wake         chan struct{}

	mu     sync.Mutex // held by who changes endpoints or their health
	closed bool
	set    atomic.Pointer[set]
}

var errNoGo = errors.New("health needs a goroutine, and there is nobody to start it")

// New makes an upstream. All faults of its settings are returned together, as
// registry.Faults. It connects to nothing.
func New(u registry.Upstream, o Options) (*Upstream, error) {
	faults := check(u)
	config, wrong := tlsConfig(u.TLS)
	faults = append(faults, wrong...)
	if o.Go == nil && o.Handler == nil && u.Health != (registry.Health{}) {
		faults.Add("/health", "%w", errNoGo)
	}
	_, wrong = checkEndpoints(u.Endpoints)
	if faults = append(faults, wrong...); len(faults) > 0 {
		return nil, of(u.Name, faults)
	}
	up := &Upstream{
		config: u, log: o.Log, balancer: o.Balancer, tls: config, transport: o.Transport,
		forward: newForward(u.Forward, o.Via),
		active:  newActive(u.Health.Active), passive: newPassive(u.Health.Passive), wake: make(chan struct{}, 1),
		sweeper:      h1.NewSweeper(),
		responseHead: u.Timeouts.ResponseHead.Or(defaultResponseHead),
		patience:     u.Timeouts.Dial.Or(defaultDial) + u.Timeouts.TLSHandshake.Or(defaultTLSHandshake),
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
	up.set.Store(&set{})
	if o.Handler != nil {
		up.handler = &inProcess{handler: o.Handler, prepare: up.prepare, log: up.log}
		return up, nil
	}
	if err := up.Update(u.Endpoints); err != nil {
		return nil, err
	}
	up.begin(o)
	return up, nil
}

// begin takes over the health of the upstream before, and asks for the monitor
// where there is something to do for it.
func (u *Upstream) begin(o Options) {
	if u.active == nil && u.passive == nil {
		return
	}
	u.mu.Lock()
	u.adopt(o.Before)
	all := u.set.Load().all
	u.trim(all)
	u.publish(all)
	u.mu.Unlock()
	o.Go(u.monitor)
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
	if u.closed {
		return nil
	}
	before := map[string]*Endpoint{}
	for _, e := range u.set.Load().all {
		before[e.address] = e
	}
	all := make([]*Endpoint, len(endpoints))
	for i, c := range endpoints {
		all[i] = u.endpoint(before[c.URL], urls[i], c)
		delete(before, c.URL)
	}
	u.trim(all)
	u.publish(all)
	for _, e := range before {
		e.retire()
	}
	u.poke()
	return nil
}

// endpoint returns the one that was there, with its settings of now, or a new
// one.
func (u *Upstream) endpoint(was *Endpoint, address *url.URL, c registry.Endpoint) *Endpoint {
	if was != nil {
		was.config.Store(&c)
		return was
	}
	e := &Endpoint{url: address, address: c.URL, seed: sum(c.URL), health: u.active.initial()}
	e.config.Store(&c)
	if u.transport == nil && speaksDirect(u.config.Connections, address) {
		e.pool, e.prefix = u.newPool(address), address.EscapedPath()
	} else {
		e.base = newTransport(u.config, u.tls)
		e.send = e.base
		if u.transport != nil {
			e.send = u.transport(u.config, e.base)
		}
	}
	if u.active != nil {
		base, send := u.probeTransport()
		e.prober = &prober{base: base, send: send, host: u.probeHost(address)}
	}
	return e
}

// Close lets go of the connections: the idle ones now, the others as they
// become idle. The upstream takes no exchange any more.
func (u *Upstream) Close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	closing := u.set.Load().all
	u.closed = true
	u.set.Store(&set{})
	u.poke()
	for _, e := range closing {
		e.retire()
	}
	u.sweeper.Close()
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

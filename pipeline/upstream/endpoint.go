package upstream

import (
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/pipeline/upstream/internal/h1"
	"github.com/seed-f9645bd3/gateway/registry"
)

// An Endpoint is one address of an upstream. It keeps its identity, by
// pointer, as long as its URL stays in the set: what a balancer learnt of it
// survives a change of its weight. Its methods may be called from many
// goroutines at once.
type Endpoint struct {
	url      *url.URL
	address  string // the URL as it was configured
	seed     uint64 // of its bids; see hash
	config   atomic.Pointer[registry.Endpoint]
	inFlight atomic.Int64
	removed  atomic.Bool
	pool     *h1.Pool        // of our own client; nil where net/http speaks with it
	prefix   string          // path of the URL, encoded
	base     *http.Transport // nil beside a pool
	send     http.RoundTripper
	prober   *prober      // nil where there are no probes
	failures atomic.Int64 // attempts in a row
	health   health       // under the mutex of the upstream
}

// NewEndpoint returns an endpoint that belongs to no upstream, for the tests
// of a Balancer.
func NewEndpoint(c registry.Endpoint) (*Endpoint, error) {
	u, err := parseURL(c.URL)
	if err != nil {
		return nil, err
	}
	e := &Endpoint{url: u, address: c.URL, seed: sum(c.URL)}
	e.config.Store(&c)
	return e, nil
}

// URL returns the address as it was configured.
func (e *Endpoint) URL() string { return e.address }

// Weight returns the share of the endpoint beside the others, at least 1.
func (e *Endpoint) Weight() int { return max(e.config.Load().Weight, 1) }

// Zone returns where the endpoint is, empty where nobody said.
func (e *Endpoint) Zone() string { return e.config.Load().Zone }

// Version returns what the endpoint runs, empty where nobody said.
func (e *Endpoint) Version() string { return e.config.Load().Version }

// InFlight returns how many attempts the endpoint has at present: from the
// choice of the endpoint until the response body is closed.
func (e *Endpoint) InFlight() int64 { return e.inFlight.Load() }

// acquire counts one attempt more; release ends it.
func (e *Endpoint) acquire() { e.inFlight.Add(1) }

func (e *Endpoint) release() {
	e.inFlight.Add(-1)
	if e.removed.Load() {
		e.closeIdle()
	}
}

// retire lets go of the connections: the idle ones now, the others as they
// become idle.
func (e *Endpoint) retire() {
	e.removed.Store(true)
	if e.pool != nil {
		e.pool.Retire()
	}
	e.closeIdle()
}

func (e *Endpoint) closeIdle() {
	if e.base != nil {
		e.base.CloseIdleConnections()
	}
	if e.prober != nil {
		e.prober.base.CloseIdleConnections()
	}
	if c, ok := e.send.(interface{ CloseIdleConnections() }); ok && e.send != http.RoundTripper(e.base) { // nil has none
		c.CloseIdleConnections()
	}
}

// client names what speaks with the endpoint.
func (e *Endpoint) client() string {
	if e.pool != nil {
		return clientDirect
	}
	return clientNetHTTP
}

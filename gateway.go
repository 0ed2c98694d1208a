package gateway

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A Gateway serves the routes of the snapshot that was applied last. It is an
// http.Handler; until the first snapshot serves, it answers 503. All methods
// may be called from many goroutines at once.
type Gateway struct {
	settings
	workshop pipeline.Workshop
	pool     *pipeline.Pool
	via      string // pseudonym in Via fields, for the detection of loops

	table      atomic.Pointer[table]
	upstreams  *upstreams
	ready      chan struct{}
	readyOnce  sync.Once
	listening  chan struct{} // closed when Run listens
	refusing   atomic.Bool   // a drain refuses new requests
	unready    atomic.Bool   // a drain has begun
	explaining atomic.Int64

	apply    sync.Mutex    // one update at a time; guards history and over
	over     bool          // a drain or Close has begun: no update is taken any more
	stopping chan struct{} // closed when over is set
	ran      atomic.Bool
	history  history
	status   refusals
	retiring retiring
	restored time.Time // when the last good configuration was taken; guarded by apply
	saver    *saver
	fresh    *freshness
	tell     []func(pipeline.ConfigEvent)
	telling  sync.Mutex
	addrs    addresses
	closing  sync.Once
}

// ErrClosed says that a gateway takes no configuration any more: it was drained
// or closed.
var ErrClosed = errors.New("gateway: closed")

// New makes a gateway. Where a Snapshot is among the options, it is applied at
// once, and its faults are New's error. Run closes the gateway at its end; who
// does not call Run calls Close.
func New(options ...Option) (*Gateway, error) {
	s, err := collect(options)
	if err != nil {
		return nil, err
	}
	kinds, err := pipeline.NewKinds(s.kinds...)
	if err != nil {
		return nil, err
	}
	g := &Gateway{settings: s, pool: pipeline.NewPool(), via: pseudonym(), ready: make(chan struct{}), listening: make(chan struct{}), stopping: make(chan struct{})}
	g.workshop = pipeline.Workshop{Kinds: kinds, Directory: s.directory, Upstreams: g.deliver}
	g.upstreams = newUpstreams(g)
	if g.fresh, err = newFreshness(&g.settings, g.staleEvent); err != nil {
		return nil, err
	}
	g.introduce()
	if s.lastGood.path != "" {
		g.saver = newSaver(&g.settings, g.dump)
	}
	if s.snapshot != nil {
		if err := g.update(s.background, registry.Update{Snapshot: s.snapshot}, originCode); err != nil {
			return nil, errors.Join(err, g.Close())
		}
	}
	return g, nil
}

// pseudonym names this gateway in Via fields (RFC 9110 section 7.6.3) without
// telling where it runs.
func pseudonym() string {
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails
	return "gateway-" + hex.EncodeToString(id[:])
}

// Ready is closed when the first table serves.
func (g *Gateway) Ready() <-chan struct{} { return g.ready }

// Serving reports readiness: a table serves, what its policies need is there,
// the source has not been silent for too long, and no drain has begun.
func (g *Gateway) Serving() bool {
	t := g.table.Load()
	if t == nil || g.unready.Load() || g.fresh.refuses() || !t.edge.scope.Ready() {
		return false
	}
	return !slices.ContainsFunc(t.routes, func(u *unit) bool { return !u.scope.Ready() })
}

// ServeHTTP serves one request by the table of this moment, edge chain
// included.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for {
		t := g.table.Load()
		if t == nil || g.refusing.Load() {
			g.unavailable(w)
			return
		}
		if t.edge.acquire() {
			t.edge.serve(w, r)
			return
		}
		if g.table.Load() == t {
			g.unavailable(w)
			return
		}
	}
}

func (g *Gateway) unavailable(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("Connection", "close")
	h.Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte(`{"type":"about:blank","title":"Service Unavailable","status":503,"code":"` + pipeline.CodeDraining + `"}` + "\n"))
}

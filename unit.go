package gateway

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A unit is one compiled chain: a route, or the edge chain. An unchanged one
// goes from table to table by pointer, with its counters and open exchanges.
type unit struct {
	route   registry.Route
	takes   registry.Spelling // odd spellings of a path that the route takes
	hash    hash
	stages  []pipeline.StageStatus
	handler pipeline.Handler
	entry   pipeline.Entry
	scope   *pipeline.Scope
	since   time.Time

	inFlight atomic.Int64
	served   atomic.Uint64
	retired  atomic.Bool

	closing     chan struct{} // closed when streams and tunnels are to end
	closingOnce sync.Once
	cut         atomic.Bool   // what is left is cut
	gone        chan struct{} // closed when the last exchange of a retired unit is out
	goneOnce    sync.Once
}

func newUnit(h hash, scope *pipeline.Scope) *unit {
	u := &unit{hash: h, scope: scope, since: time.Now(), closing: make(chan struct{}), gone: make(chan struct{})}
	u.entry.Closing, u.entry.Cut, u.entry.Release = u.closing, &u.cut, u
	return u
}

// acquire takes the unit for one exchange. It increments first and looks
// afterwards, so that a unit seen unretired is not let go underneath.
func (u *unit) acquire() bool {
	u.inFlight.Add(1)
	if u.retired.Load() {
		u.release()
		return false
	}
	return true
}

func (u *unit) release() {
	if u.inFlight.Add(-1) == 0 && u.retired.Load() {
		u.leave()
	}
}

func (u *unit) leave() { u.goneOnce.Do(func() { close(u.gone) }) }

// End implements pipeline.Ender: the exchange of a route is over.
func (u *unit) End(*pipeline.Exchange) {
	u.served.Add(1)
	u.release()
}

// retire lets no further exchange in.
func (u *unit) retire() {
	u.retired.Store(true)
	if u.inFlight.Load() == 0 {
		u.leave()
	}
}

// tell has streams and tunnels come to their end.
func (u *unit) tell() { u.closingOnce.Do(func() { close(u.closing) }) }

// An edgeUnit is the edge chain with the server in front of it.
type edgeUnit struct {
	*unit
	server  edgeServer
	current atomic.Pointer[table] // the newest table with this edge chain
}

// serve serves one request, and lets the unit go after it. It was acquired for
// this request.
func (e *edgeUnit) serve(w http.ResponseWriter, r *http.Request) {
	defer e.release()
	e.server.ServeHTTP(w, r)
}

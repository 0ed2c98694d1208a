package pipeline

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A Recorder is told how exchanges ended: a log, metrics, an audit trail,
// usage. For is called once for each route when it is compiled, and once with
// nil for the exchanges of no route, so that label sets and encoders are made
// there; what it returns runs on the request path, from many goroutines at
// once, must not block, and must not keep the exchange: it encodes what it
// needs. It runs exactly once for each exchange. Nil records nothing of the
// route.
type Recorder interface {
	For(route *registry.Route) func(x *Exchange, s *Summary)
}

// A Summary is how an exchange ended.
type Summary struct {
	// Status is what the client got: 499 where it went away before, 101 for a tunnel.
	Status            int
	BytesIn, BytesOut int64 // of bodies
	Took              time.Duration
	// Err is the Problem, UpstreamError, panic or broken body that ended it;
	// nil for an exchange that went well.
	Err error
}

// An Entry is what a compiled route lends to the exchanges that it takes.
type Entry struct {
	Route   *registry.Route // nil for exchanges of no route
	Record  []func(x *Exchange, s *Summary)
	Timed   bool            // stages are timed; see Timings and Exchange.Spent
	Closing <-chan struct{} // closed when streams and tunnels are to come to their end
	Cut     *atomic.Bool    // set when what is still open is to be cut; may be nil
	Release Ender           // told last of all; may be nil
}

// Timings reports whether one of the recorders wants to know how long each
// stage took: whether it has a method Timings() bool that returns true. Such
// recorders read Exchange.Spent. It costs two readings of the clock for each
// stage, so nothing is timed unasked.
func Timings(recorders []Recorder) bool {
	return slices.ContainsFunc(recorders, func(r Recorder) bool {
		t, ok := r.(interface{ Timings() bool })
		return ok && t.Timings()
	})
}

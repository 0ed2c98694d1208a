package cache

import (
	"context"
	"sync"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// An outcome is how a flight ended for those who waited.
type outcome uint8

const (
	landed    outcome = iota // there is an entry
	apart                    // there is none to share: each asks by itself
	abandoned                // its client went away: one of the others takes over
	overdue                  // it took too long
	gone                     // who waited has gone
)

// flights are the requests of one route that are fetching entries.
type flights struct {
	mu    sync.Mutex
	byKey map[string]*flight
}

// A flight is one request that fetches an entry for all that want it. The
// last fields are valid once done is closed.
type flight struct {
	of   *flights
	key  string
	once sync.Once
	done chan struct{} // made for the first that waits

	outcome outcome
	entry   *Entry
	at      string // the key of the entry
}

// join returns the flight that fetches what is kept under the key, and whether
// the caller is the one to lead it: that flight is own, which was in none
// before.
func (fs *flights) join(key string, own *flight) (f *flight, leads bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f := fs.byKey[key]; f != nil {
		if f.done == nil {
			f.done = make(chan struct{})
		}
		return f, false
	}
	if fs.byKey == nil {
		fs.byKey = map[string]*flight{}
	}
	own.of, own.key = fs, key
	fs.byKey[key] = own
	return own, true
}

// settle ends the flight, once. What its leader calls later changes nothing. A
// nil flight is one that nobody waits for.
func (f *flight) settle(o outcome, e *Entry, at string) {
	if f == nil {
		return
	}
	f.once.Do(func() {
		f.of.mu.Lock()
		delete(f.of.byKey, f.key)
		f.of.mu.Unlock()
		f.outcome, f.entry, f.at = o, e, at
		if f.done != nil { // nobody comes to wait any more
			close(f.done)
		}
	})
}

// End implements pipeline.Ender: whatever became of its leader, nobody waits
// longer than its exchange.
func (f *flight) End(*pipeline.Exchange) { f.settle(abandoned, nil, "") }

// wait waits for the end of the flight, for limit at most.
func (f *flight) wait(ctx context.Context, limit time.Duration) outcome {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-f.done:
		return f.outcome
	case <-ctx.Done():
		return gone
	case <-timer.C:
		return overdue
	}
}

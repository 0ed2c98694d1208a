package gatewaytest

import (
	"runtime"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// maxEnded bounds the exchanges that are looked at once more at the end.
const maxEnded = 1024

// ended are exchanges that have ended and were spoilt, so that whoever kept
// one shows.
type ended struct {
	mu  sync.Mutex
	all []*pipeline.Exchange
}

// add spoils an exchange.
func (e *ended) add(x *pipeline.Exchange) {
	if x == nil {
		return
	}
	x.Poison()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.all) < maxEnded {
		e.all = append(e.all, x)
	}
}

// check fails t where one was written to after its end.
func (e *ended) check(t testing.TB) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, x := range e.all {
		if !x.Poisoned() {
			t.Errorf("an exchange was written to after its end: %d decisions, %d attempts", len(x.Decisions()), len(x.Attempts()))
		}
	}
}

// letGo reports whether nothing holds what kept points to any more, within the
// time given.
func letGo[T any](kept weak.Pointer[T], most time.Duration) bool {
	for until := time.Now().Add(most); kept.Value() != nil; {
		runtime.GC()
		if time.Now().After(until) {
			return kept.Value() == nil
		}
		came(time.Millisecond, (chan struct{})(nil)) // who is about to let go gets on with it
	}
	return true
}

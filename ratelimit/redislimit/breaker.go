package redislimit

import (
	"sync/atomic"
	"time"
)

// tolerance is how many calls in a row may fail before nobody waits any more.
const tolerance = 3

// A breaker knows whether it is worth waiting for an answer. It is closed as
// long as answers come, open after a few calls in a row have failed, and closed
// again by a probe that was answered.
type breaker struct {
	failures atomic.Int32 // in a row
	open     atomic.Bool
	tag      atomic.Pointer[[tagLen]byte] // whose call failed last: a probe goes where it went
	next     atomic.Int64                 // when a probe may go, in nanoseconds since the limiter was made
}

// succeeded notes an answer to a call.
func (b *breaker) succeeded() {
	if b.failures.Load() != 0 {
		b.failures.Store(0)
	}
}

// failed notes a call without an answer, and reports whether it opened b.
func (b *breaker) failed(now, pause time.Duration) bool {
	if b.failures.Add(1) < tolerance || b.open.Load() {
		return false
	}
	b.next.Store(int64(now + pause))
	return b.open.CompareAndSwap(false, true)
}

// due reports whether the caller is to probe: one caller in each pause.
func (b *breaker) due(now, pause time.Duration) bool {
	next := b.next.Load()
	return b.open.Load() && int64(now) >= next && b.next.CompareAndSwap(next, int64(now+pause))
}

// close is for a probe that was answered.
func (b *breaker) close() {
	b.failures.Store(0)
	b.open.Store(false)
}

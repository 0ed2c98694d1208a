package audit

import (
	"sync"
	"sync/atomic"
)

// A room holds so many bytes. Taking of it is one atomic step where there is
// enough.
type room struct {
	most    int64
	used    atomic.Int64
	waiting atomic.Int64
	mu      sync.Mutex
	freed   sync.Cond
	closed  atomic.Bool
}

func newRoom(most int64) *room {
	r := &room{most: most}
	r.freed.L = &r.mu
	return r
}

// cost is what a record of so many bytes takes: its buffer is no smaller.
func cost(bytes int) int64 { return max(int64(bytes), 1024) }

func (r *room) take(n int64) bool {
	if used := r.used.Add(n); used > r.most && used > n { // one always fits
		r.used.Add(-n)
		return false
	}
	return true
}

// wait takes, and waits where there is not enough; false once it is closed.
func (r *room) wait(n int64) bool {
	if r.take(n) {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting.Add(1)
	defer r.waiting.Add(-1)
	for !r.closed.Load() {
		if r.take(n) {
			return true
		}
		r.freed.Wait()
	}
	return false
}

func (r *room) free(n int64) {
	r.used.Add(-n)
	r.wake()
}

func (r *room) close() {
	r.closed.Store(true)
	r.wake()
}

func (r *room) wake() {
	if r.waiting.Load() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.freed.Broadcast()
}

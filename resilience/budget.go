package resilience

import (
	"sync/atomic"
	"time"
)

const (
	budgetWindow = 10 // seconds
	freeRetries  = 3  // in each second, whatever the share says
)

// A budget bounds retries to a share of the requests of the last ten seconds.
// It holds no lock: each slot is one second and its count in one word.
type budget struct {
	share    float64
	requests [budgetWindow]counter
	retries  [budgetWindow]counter
}

// A counter counts within one second: the second in the upper half, the count
// in the lower.
type counter struct{ word atomic.Uint64 }

// add counts one in the given second and returns the count.
func (c *counter) add(second uint64) uint64 {
	for {
		old := c.word.Load()
		if old>>32 == second {
			return c.word.Add(1) & (1<<32 - 1)
		}
		if old>>32 > second {
			return 1 // a clock of long ago: it counts for nothing
		}
		if c.word.CompareAndSwap(old, second<<32|1) {
			return 1
		}
	}
}

// undo takes back one that add counted in the second.
func (c *counter) undo(second uint64) {
	for {
		old := c.word.Load()
		if old>>32 != second || old&(1<<32-1) == 0 {
			return
		}
		if c.word.CompareAndSwap(old, old-1) {
			return
		}
	}
}

func (c *counter) within(from, to uint64) uint64 {
	word := c.word.Load()
	if second := word >> 32; second < from || second > to {
		return 0
	}
	return word & (1<<32 - 1)
}

func second(t time.Time) uint64 { return uint64(t.Unix()) & (1<<32 - 1) }

// request counts a request.
func (b *budget) request(now time.Time) {
	s := second(now)
	b.requests[s%budgetWindow].add(s)
}

// take spends one retry, where there is one left.
func (b *budget) take(now time.Time) bool {
	s := second(now)
	slot := &b.retries[s%budgetWindow]
	if slot.add(s) <= freeRetries {
		return true
	}
	if float64(sum(&b.retries, s)) <= b.share*float64(sum(&b.requests, s)) {
		return true
	}
	slot.undo(s)
	return false
}

func sum(slots *[budgetWindow]counter, now uint64) uint64 {
	total := uint64(0)
	for i := range slots {
		total += slots[i].within(now-(budgetWindow-1), now)
	}
	return total
}

package metrics

import (
	"math"
	"sync/atomic"
	"time"
)

// A histogram counts durations into buckets. Its bounds are shared.
type histogram struct {
	bounds  []time.Duration
	buckets []atomic.Uint64 // one more than bounds
	sum     atomic.Uint64   // bits of a float64, in seconds
}

func newHistogram(bounds []time.Duration) histogram {
	return histogram{bounds: bounds, buckets: make([]atomic.Uint64, len(bounds)+1)}
}

func (h *histogram) observe(d time.Duration) {
	i := 0
	for i < len(h.bounds) && d > h.bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	for {
		old := h.sum.Load()
		next := math.Float64bits(math.Float64frombits(old) + d.Seconds())
		if h.sum.CompareAndSwap(old, next) {
			return
		}
	}
}

// read returns count, sum and cumulative buckets by their bounds in seconds.
// An observation under way may be in the sum and not yet in a bucket.
func (h *histogram) read(seconds []float64) (count uint64, sum float64, buckets map[float64]uint64) {
	buckets = make(map[float64]uint64, len(seconds))
	for i, bound := range seconds {
		count += h.buckets[i].Load()
		buckets[bound] = count
	}
	count += h.buckets[len(seconds)].Load()
	return count, math.Float64frombits(h.sum.Load()), buckets
}

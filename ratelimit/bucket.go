package ratelimit

import (
	"errors"
	"math"
	"time"
)

// A bucket in the manner of the generic cell rate algorithm (ITU-T I.371) is
// one number: the theoretical arrival time, when the bucket will be full again.
// It holds burst tokens and gets one each interval.
//
// All times are nanoseconds since the limiter was made.

// An ask in nanoseconds.
type demand struct {
	interval int64 // between two tokens, rounded up: never more than the rate
	depth    int64 // of the bucket: burst intervals
	cost     int64 // n intervals
}

var errAsk = errors.New("ratelimit: an ask of a negative number")

// maxDepth keeps every sum of an arrival time and a depth within int64, and
// bounds what a bucket can owe: 73 years.
const maxDepth = math.MaxInt64 / 4

// demandOf translates ask. It reports false for a rate that lets nothing pass.
func demandOf(ask *Ask) (demand, bool) {
	r := ask.Rate
	if r.Limit <= 0 || r.Per <= 0 || r.Burst < 0 {
		return demand{}, false
	}
	interval := (int64(r.Per)-1)/r.Limit + 1
	burst := r.Burst
	if burst == 0 {
		burst = r.Limit
	}
	return demand{interval, product(interval, burst), product(interval, ask.N)}, true
}

// product multiplies, and stops at maxDepth.
func product(interval, n int64) int64 {
	if n > maxDepth/interval {
		return maxDepth
	}
	return interval * n
}

// take returns the arrival time after the demand is met, and what is to be
// told of it. Where it is refused the arrival time stays as it was.
func (d demand) take(arrival, now int64) (int64, Result) {
	arrival = max(arrival, now)
	after := arrival + d.cost
	if d.cost > d.depth || after-now > d.depth {
		return arrival, Result{
			Remaining:  d.remaining(arrival - now),
			Reset:      time.Duration(arrival - now),
			RetryAfter: time.Duration(max(after-now-d.depth, 1)),
		}
	}
	return after, Result{
		Allowed:   true,
		Remaining: d.remaining(after - now),
		Reset:     time.Duration(after - now),
	}
}

// chargeOf is demandOf for an ask that may give back.
func chargeOf(ask *Ask) (demand, bool) {
	d, ok := demandOf(&Ask{Rate: ask.Rate})
	switch {
	case !ok:
		return d, false
	case ask.N < 0:
		d.cost = -product(d.interval, -max(ask.N, -math.MaxInt64))
	default:
		d.cost = product(d.interval, ask.N)
	}
	return d, true
}

// charge returns the arrival time after the demand is met, whatever is there,
// and what is to be told of it.
func (d demand) charge(arrival, now int64) (int64, Result) {
	after := min(max(max(arrival, now)+d.cost, now), now+maxDepth)
	return after, d.owing(after - now)
}

// owing returns the result of a charge that leaves this wait.
func (d demand) owing(wait int64) Result {
	return Result{
		Allowed:    wait <= d.depth,
		Remaining:  d.remaining(wait),
		Reset:      time.Duration(wait),
		RetryAfter: time.Duration(max(wait-d.depth, 0)),
	}
}

// remaining returns how many tokens are there where the bucket is full in wait.
func (d demand) remaining(wait int64) int64 {
	return max((d.depth-wait)/d.interval, 0)
}

// A Bucket is what an ask means to a limiter whose store does the arithmetic.
// The state of a bucket is how long it takes to be full again: the wait. An ask
// passes where wait and Cost together are within Depth, and the wait is longer
// by Cost then.
type Bucket struct {
	Depth, Cost time.Duration

	interval int64
}

// Bucket returns the bucket of the ask. It reports false for a rate that lets
// nothing pass, whose Result is the zero value.
func (a *Ask) Bucket() (Bucket, bool) {
	d, ok := demandOf(a)
	return Bucket{time.Duration(d.depth), time.Duration(d.cost), d.interval}, ok
}

// Charge returns the bucket of an ask that is charged: its Cost is below zero
// where it gives back. It reports false for a rate that lets nothing pass.
func (a *Ask) Charge() (Bucket, bool) {
	d, ok := chargeOf(a)
	return Bucket{time.Duration(d.depth), time.Duration(d.cost), d.interval}, ok
}

// Owes returns the result of a charge that found this wait.
func (b Bucket) Owes(wait time.Duration) Result {
	_, result := b.demand().charge(int64(wait), 0)
	return result
}

// Passes returns the result of an ask that passes and leaves this wait: the
// one after it, or the one before where another ask kept it from being spent.
func (b Bucket) Passes(wait time.Duration) Result {
	return Result{Allowed: true, Remaining: b.demand().remaining(int64(wait)), Reset: wait}
}

// Refuses returns the result of an ask that found this wait, and nothing to
// pass with.
func (b Bucket) Refuses(wait time.Duration) Result {
	return Result{
		Remaining:  b.demand().remaining(int64(wait)),
		Reset:      wait,
		RetryAfter: max(wait+b.Cost-b.Depth, 1),
	}
}

func (b Bucket) demand() demand { return demand{b.interval, int64(b.Depth), int64(b.Cost)} }

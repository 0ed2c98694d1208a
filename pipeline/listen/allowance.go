package listen

import "time"

// An allowance is what a client may do that asks for nothing: a bucket that
// time and honest work fill.
type allowance struct {
	left   int
	most   int // that time fills it to
	earned int // that work fills it to
	rate   int // per second
	last   time.Time
}

func newAllowance(most, earned, rate int) allowance {
	return allowance{left: most, most: most, earned: earned, rate: rate, last: time.Now()}
}

func (a *allowance) earn(n int) { a.left = min(a.left+n, a.earned) }

// spend tells whether there was enough. The clock is read only where there may
// not be.
func (a *allowance) spend(n int) bool {
	if a.left < n {
		a.refill(time.Now())
	}
	a.left = max(a.left-n, -1)
	return a.left >= 0
}

func (a *allowance) refill(now time.Time) {
	if n := int(int64(now.Sub(a.last)) * int64(a.rate) / int64(time.Second)); n > 0 {
		a.left = max(a.left, min(a.left+n, a.most))
		a.last = now
	}
}

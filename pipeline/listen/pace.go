package listen

import "time"

// A pace holds a peer to a least rate. It is a bucket of time: waiting empties
// it, bytes fill it, and it holds no more than the grace. So what counts is
// the average over the grace, and only of the time that was spent waiting for
// the peer, not of the time in which nobody wanted anything of it.
type pace struct {
	left time.Duration
}

// A measure is what a pace holds to: bytes per second, averaged over grace. A
// rate that is negative asks for progress within grace and no more; a grace
// that is, for nothing.
type measure struct {
	rate  int
	grace time.Duration
}

func (m measure) none() bool { return m.grace < 0 }

func (p *pace) begin(m measure) { p.left = m.grace }

// took is told how long it took for n bytes to move.
func (p *pace) took(d time.Duration, n int, m measure) {
	switch {
	case m.rate > 0:
		p.left = min(p.left-d+time.Duration(n)*(time.Second/time.Duration(m.rate)), m.grace)
	case n > 0:
		p.left = m.grace
	default:
		p.left -= d
	}
}

package listen

import "time"

// A pace holds a body to a least rate. It is a bucket of time: waiting empties
// it, bytes fill it, and it holds no more than the grace. So what counts is
// the average over the grace, and only of the time that was spent waiting for
// the client, not of the time in which nobody wanted to read.
type pace struct {
	left time.Duration
}

func (p *pace) begin(l *Limits) { p.left = l.BodyGrace }

// took is told how long it took for n bytes to come.
func (p *pace) took(d time.Duration, n int, l *Limits) {
	p.left = min(p.left-d+time.Duration(n)*(time.Second/time.Duration(l.BodyRate)), l.BodyGrace)
}

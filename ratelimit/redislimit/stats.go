package redislimit

import "sync/atomic"

// Stats says how a Limiter fares. The counts are since it was made.
type Stats struct {
	// Degraded is whether decisions, or in a cluster some of them, are not asked
	// for at present because Redis does not answer.
	Degraded bool
	// Decisions is how many Redis made.
	Decisions uint64
	// Fallbacks is how many it did not make in time, so that the fail mode of
	// the limit had to.
	Fallbacks uint64
	// Errors is how many calls failed or came too late, probes among them.
	Errors uint64
	// Outages is how often Redis was given up on.
	Outages uint64
}

type counters struct {
	decisions, fallbacks, errors, outages atomic.Uint64
}

// Stats returns how l fares. It may be called at any time.
func (l *Limiter) Stats() Stats {
	return Stats{
		Degraded:  l.Degraded(),
		Decisions: l.counts.decisions.Load(),
		Fallbacks: l.counts.fallbacks.Load(),
		Errors:    l.counts.errors.Load(),
		Outages:   l.counts.outages.Load(),
	}
}

// Degraded reports whether Redis, or in a cluster a part of it, is not asked at
// present because it does not answer. Where it is time to try it again, it is
// tried, so that who watches learns of the recovery without a request.
func (l *Limiter) Degraded() bool {
	conn := l.conn.Load()
	if conn == nil {
		l.connectSoon()
		return true
	}
	degraded := false
	for i := range l.lanes {
		if l.lanes[i].open.Load() {
			degraded = true
			l.probeIfDue(conn, &l.lanes[i])
		}
	}
	return degraded
}

package redislimit

import "sync"

// A Watch sees the limiters that a kind makes, which come and go with the
// configuration, so that they can be measured:
//
//	watch := &redislimit.Watch{}
//	kind := redislimit.Kind(client, watch)
//	...
//	stats := watch.Stats()
//
// Its zero value is ready.
type Watch struct {
	mu       sync.Mutex
	limiters map[*Limiter]bool
	gone     Stats // of those that went, so that no count ever falls
}

// Stats returns the sums over all limiters that were made. It is degraded where
// one that is in use is.
func (w *Watch) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := w.gone
	for l := range w.limiters {
		s := l.Stats()
		sum.add(s)
		sum.Degraded = sum.Degraded || s.Degraded
	}
	return sum
}

func (w *Watch) join(l *Limiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.limiters == nil {
		w.limiters = map[*Limiter]bool{}
	}
	w.limiters[l] = true
}

func (w *Watch) leave(l *Limiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.limiters[l] {
		delete(w.limiters, l)
		w.gone.add(l.Stats())
	}
}

// watchedBy is called once, before l is used.
func (l *Limiter) watchedBy(watches []*Watch) {
	l.watches = watches
	for _, w := range watches {
		w.join(l)
	}
}

// add adds the counts of other.
func (s *Stats) add(other Stats) {
	s.Decisions += other.Decisions
	s.Fallbacks += other.Fallbacks
	s.Errors += other.Errors
	s.Outages += other.Outages
}

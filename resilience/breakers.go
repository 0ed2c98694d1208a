package resilience

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// Breakers is the set of the breakers that are in use, for whoever shows or
// measures them. Its zero value is empty and ready.
type Breakers struct {
	mu  sync.Mutex
	all map[*Breaker]struct{}
}

// WithBreakers has the breaker be in the set until it is closed.
func WithBreakers(set *Breakers) BreakerOption { return func(b *Breaker) { b.set = set } }

// All returns the breakers in use, ordered by name.
func (s *Breakers) All() []*Breaker {
	s.mu.Lock()
	all := slices.Collect(maps.Keys(s.all))
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b *Breaker) int { return cmp.Compare(a.name, b.name) })
	return all
}

func (s *Breakers) add(b *Breaker) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[*Breaker]struct{}{}
	}
	s.all[b] = struct{}{}
}

func (s *Breakers) remove(b *Breaker) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, b)
}

// Close takes the breaker out of its set. It goes on to serve whoever still
// has it.
func (b *Breaker) Close() error {
	b.set.remove(b)
	return nil
}

package ratelimit

// Remembered returns how many callers have an entry.
func (f *InFlight) Remembered() int {
	n := 0
	for i := range f.shards {
		s := &f.shards[i]
		s.mu.Lock()
		n += len(s.seats)
		s.mu.Unlock()
	}
	return n
}

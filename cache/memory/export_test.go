package memory

// Tagged returns how many pairs of a tag and an entry the index holds.
func (s *Store) Tagged() int {
	n := 0
	for i := range s.tags.parts {
		p := &s.tags.parts[i]
		p.mu.Lock()
		for _, items := range p.byTag {
			n += len(items)
		}
		p.mu.Unlock()
	}
	return n
}

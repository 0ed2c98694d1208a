package registry

import "time"

// A Contacted is a Source that tells when it last heard from where its
// configuration comes from, though nothing may have changed there. A gateway
// looks for it once, when it is made: how long the source has been silent is
// what it judges staleness by. A source that is not one says nothing when
// nothing changes, so nobody can tell whether it is in contact.
//
// To hear is to get a whole, well-formed answer, whatever becomes of it: a
// configuration that is refused was heard all the same.
type Contacted interface {
	Source
	// Contact returns when the source last heard, and the zero time where it
	// never did. It is called from many goroutines at once and must not block.
	Contact() time.Time
}

// contacted is what Merge makes where every one of the sources can tell.
type contacted struct{ merged }

// Contact implements Contacted: what is served is as old as the part that was
// heard least recently.
func (c contacted) Contact() time.Time {
	var oldest time.Time
	for i, source := range c.merged {
		at := source.(Contacted).Contact()
		if at.IsZero() {
			return at
		}
		if i == 0 || at.Before(oldest) {
			oldest = at
		}
	}
	return oldest
}

package file

import (
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

var _ registry.Contacted = (*Source)(nil)

// contact tells whether the source hears the files, and since when it does not.
type contact struct {
	live bool
	lost time.Time
}

// hears notes whether the files can be read and are watched.
func (s *Source) hears(live bool) {
	before := s.contact.Load()
	switch {
	case before != nil && before.live == live:
	case live:
		s.contact.Store(&contact{live: true})
	case before != nil:
		s.contact.Store(&contact{lost: time.Now()})
	}
}

// Contact implements registry.Contacted: now, as long as the files are watched
// and can be read; otherwise when they last could.
func (s *Source) Contact() time.Time {
	switch c := s.contact.Load(); {
	case c == nil:
		return time.Time{}
	case c.live:
		return time.Now()
	default:
		return c.lost
	}
}

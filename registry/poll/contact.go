package poll

import (
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

var _ registry.Contacted = (*Source)(nil)

// An instant is a point in time that one goroutine sets and many read; it keeps
// the monotonic clock, so that a clock that is set does not age it.
type instant struct{ at atomic.Pointer[time.Time] }

func (i *instant) now() {
	t := time.Now()
	i.at.Store(&t)
}

func (i *instant) get() time.Time {
	if t := i.at.Load(); t != nil {
		return *t
	}
	return time.Time{}
}

// Contact implements registry.Contacted: when the registry last gave a whole,
// well-formed answer for the document and for the directory, whichever was
// longer ago. A 304 is one; an answer that is cut off, late, or an error of the
// server is none. What was heard may yet have been refused: see Fault.
func (s *Source) Contact() time.Time {
	document, directory := s.heard.document.get(), s.heard.directory.get()
	switch {
	case s.directory == "":
		return document
	case s.document == "" || directory.Before(document):
		return directory
	}
	return document
}

package upstream

import (
	"sync"
	"sync/atomic"
)

// An asking is an attempt whose client waits to be asked for its body (RFC 9110
// section 10.1.1). A backend that answers without asking does not get it:
// net/http would read it all the same, to keep the connection, and have the
// client asked in vain.
type asking struct {
	replied  *atomic.Bool  // something came of an answer
	informed chan struct{} // closed at the first interim response
	once     sync.Once
	ended    <-chan struct{} // the attempt
}

// inform tells that what came first was an interim response.
func (a *asking) inform() {
	if a != nil {
		a.once.Do(func() { close(a.informed) })
	}
}

// wanted reports whether the body may be read. Where it may not, it waits for
// the end of the attempt: an error would break the answer that is there.
func (a *asking) wanted() bool {
	if a == nil || !a.replied.Load() {
		return true
	}
	select {
	case <-a.informed:
		return true
	case <-a.ended:
		return false
	}
}

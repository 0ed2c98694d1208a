package metrics

import (
	"maps"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

type denial struct{ stage, code string }

// valid reports whether the pair may be label values.
func (d denial) valid() bool { return utf8.ValidString(d.stage) && utf8.ValidString(d.code) }

// denials counts by stage and code. The map is replaced when one comes to it,
// and never altered.
type denials struct {
	counts atomic.Pointer[map[denial]*atomic.Uint64]
	mu     sync.Mutex
	closed bool // under mu: no series is to come to it
}

// maxDenialsOfRoute bounds the pairs of one route.
const maxDenialsOfRoute = 64

// of returns the counter of a pair, or the one of what is beyond a ceiling.
func (d *denials) of(m *Metrics, stage, code string) *atomic.Uint64 {
	if n := d.all()[denial{stage, code}]; n != nil {
		return n
	}
	return d.add(m, denial{stage, code})
}

func (d *denials) all() map[denial]*atomic.Uint64 {
	if p := d.counts.Load(); p != nil {
		return *p
	}
	return nil
}

func (d *denials) add(m *Metrics, pair denial) *atomic.Uint64 {
	if n := d.beyond(m); n != nil {
		return n
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.all()
	if n := now[pair]; n != nil {
		return n
	}
	if d.closed {
		return new(atomic.Uint64)
	}
	if pair.valid() && len(now) < maxDenialsOfRoute && m.denials.Load() < int64(m.maxDenials) {
		m.denials.Add(1)
		return d.put(pair)
	}
	if n := now[denial{Other, Other}]; n != nil {
		return n
	}
	return d.put(denial{Other, Other})
}

// put replaces the map by one with a counter more.
func (d *denials) put(pair denial) *atomic.Uint64 {
	next := maps.Clone(d.all())
	if next == nil {
		next = map[denial]*atomic.Uint64{}
	}
	n := new(atomic.Uint64)
	next[pair] = n
	d.counts.Store(&next)
	return n
}

// beyond spares the lock where the ceiling was met before.
func (d *denials) beyond(m *Metrics) *atomic.Uint64 {
	now := d.all()
	if len(now) < maxDenialsOfRoute && m.denials.Load() < int64(m.maxDenials) {
		return nil
	}
	return now[denial{Other, Other}]
}

// close gives the room of the series back to m: the route is forgotten.
func (d *denials) close(m *Metrics) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.closed = true
	n := len(d.all())
	if d.all()[denial{Other, Other}] != nil {
		n-- // it took no room
	}
	m.denials.Add(-int64(n))
}

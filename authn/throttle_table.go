package authn

import (
	"sync"
	"sync/atomic"
)

// The table is 256 segments of 32 rows of 8 records: 65,536 in all, and no
// more. A segment is made when the first failure falls on it, so that a gateway
// that nobody attacks holds next to nothing.
const (
	segmentCount = 256
	rowCount     = 32
	ways         = 8
)

// A table counts failures by key, a keyed hash. Its memory is bounded and what
// it does takes constant time: where all records of a row are in use, a new key
// takes over the one with the fewest failures, and goes on counting from there
// (Space-Saving; Metwally, Agrawal and El Abbadi, 2005). So a key that was pushed
// out and comes again has as many failures as it had, unless another record of
// the row is over meanwhile. A count may be too high where more keys fail than
// there are records.
type table struct {
	limit    int
	per      int64 // nanoseconds
	segments [segmentCount]atomic.Pointer[segment]
}

// A segment holds the records of some keys. Tags are read without the lock: most
// keys have no record, and need nothing else.
type segment struct {
	tags    [rowCount][ways]atomic.Uint64 // keys; 0 is none
	mu      sync.Mutex                    // over what is written, and over records
	records [rowCount][ways]record
}

// A record counts the failures of one key.
type record struct {
	failures int
	until    int64 // when they are forgotten: nanoseconds, on the clock of the caller
	good     *goodSet
}

// place returns the row that a key stands in, and the segment where it was made.
func (t *table) place(key uint64) (*segment, int) {
	return t.segments[key>>56].Load(), int(key >> 48 % rowCount)
}

// has reports whether there is a record of the key. It takes no lock.
func (t *table) has(key uint64) bool {
	s, row := t.place(key)
	return s != nil && s.way(row, key) >= 0
}

// way returns where in its row the record of a key is; -1 where it has none.
func (s *segment) way(row int, key uint64) int {
	for i := range s.tags[row] {
		if s.tags[row][i].Load() == key {
			return i
		}
	}
	return -1
}

// look calls f with the record of the key, under the lock, where there is one.
func (t *table) look(key uint64, f func(s *segment, row, way int)) {
	s, row := t.place(key)
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if way := s.way(row, key); way >= 0 {
		f(s, row, way)
	}
}

// blocked returns for how long the key is over its limit still, 0 where it is
// not. Where it is, known tells whether companion is remembered as good.
func (t *table) blocked(key, companion uint64, now int64) (left int64, known bool) {
	t.look(key, func(s *segment, row, way int) {
		if r := &s.records[row][way]; r.blocked(t.limit, now) {
			left, known = r.until-now, r.good.has(companion)
		}
	})
	return left, known
}

// passed remembers that companion was good beside the failures of the key,
// unless the key is over its limit: what comes then was known before, or let in
// before. A record that has been over for as long as it lasted is let go.
func (t *table) passed(key, companion uint64, now int64) {
	t.look(key, func(s *segment, row, way int) {
		r := &s.records[row][way]
		switch {
		case now-r.until >= t.per:
			s.tags[row][way].Store(0)
			*r = record{}
		case !r.blocked(t.limit, now):
			if r.good == nil {
				r.good = &goodSet{}
			}
			r.good.add(companion)
		}
	})
}

// failed counts a failure of the key. companion is no longer good.
func (t *table) failed(key, companion uint64, now int64) {
	at := &t.segments[key>>56]
	if at.Load() == nil {
		at.CompareAndSwap(nil, &segment{})
	}
	s, row := t.place(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.claim(row, key, now)
	r.good.remove(companion)
	r.fail(t.limit, t.per, now)
}

// claim returns the record of the key or, where it has none, one that is free
// or over; and else the one with the fewest failures, which goes on as it is.
func (s *segment) claim(row int, key uint64, now int64) *record {
	if way := s.way(row, key); way >= 0 {
		return &s.records[row][way]
	}
	best := 0
	for way := range s.records[row] {
		if s.records[row][way].before(&s.records[row][best], now) {
			best = way
		}
	}
	r := &s.records[row][best]
	r.good = nil
	s.tags[row][best].Store(key)
	return r
}

// before reports whether r is rather given away than other: one that is over,
// one with fewer failures, one that is over earlier.
func (r *record) before(other *record, now int64) bool {
	mine, others := r.count(now), other.count(now)
	return mine < others || mine == others && r.until < other.until
}

// count returns the failures that still count.
func (r *record) count(now int64) int {
	if now >= r.until {
		return 0
	}
	return r.failures
}

func (r *record) blocked(limit int, now int64) bool { return r.count(now) >= limit }

// fail counts one. The first of a row of them, and the one that reaches the
// limit, say when they are forgotten; what was under way and fails later does
// not put that off.
func (r *record) fail(limit int, per, now int64) {
	r.failures = r.count(now) + 1
	if r.failures == 1 || r.failures == limit {
		r.until = now + per
	}
}

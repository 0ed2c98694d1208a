package ratelimit

import (
	"hash/maphash"
	"sync"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// InFlight counts the exchanges that are under way, by caller. It holds an entry
// for each caller that has any, so that it is bounded by the exchanges
// themselves, and for a few that had some of late. Its methods may be called
// from many goroutines at once.
type InFlight struct {
	seed   maphash.Seed
	shards [flightShards]flights
}

const (
	flightShards = 64
	parkedSeats  = 32 // of each shard: a caller that comes again allocates nothing
)

// flights are the callers of one shard. Their fields are under mu.
type flights struct {
	mu     sync.Mutex
	seats  map[string]*seat
	parked [parkedSeats]*seat
	hand   int // where the next one is parked

	_ [64]byte // shards of different cores share no cache line
}

// A seat is one caller. It is an Ender: each exchange that took a part of it
// gives that back at its end.
type seat struct {
	shard  *flights
	key    string
	n      int // under way
	parked bool
}

// NewInFlight makes an InFlight in which nothing is under way.
func NewInFlight() *InFlight {
	f := &InFlight{seed: maphash.MakeSeed()}
	for i := range f.shards {
		f.shards[i].seats = map[string]*seat{}
	}
	return f
}

// Len returns how many exchanges are under way.
func (f *InFlight) Len() int {
	n := 0
	for i := range f.shards {
		n += f.shards[i].len()
	}
	return n
}

func (s *flights) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, seat := range s.seats {
		n += seat.n
	}
	return n
}

// enter lets one more exchange of the caller in, where fewer than most are
// under way. What it returns is to be told of its end; nil is a refusal.
func (f *InFlight) enter(key []byte, most int) pipeline.Ender {
	s := &f.shards[maphash.Bytes(f.seed, key)%flightShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.seats[string(key)]
	switch {
	case at == nil && most > 0:
		at = &seat{shard: s, key: string(key)}
		s.seats[at.key] = at
	case at == nil, at.n >= most:
		return nil
	}
	at.n++
	return at
}

// End implements pipeline.Ender.
func (at *seat) End(*pipeline.Exchange) {
	s := at.shard
	s.mu.Lock()
	defer s.mu.Unlock()
	if at.n--; at.n == 0 && !at.parked {
		s.park(at)
	}
}

// park keeps a caller that has nothing under way, in place of the one that was
// parked longest ago.
func (s *flights) park(at *seat) {
	if old := s.parked[s.hand]; old != nil {
		old.parked = false
		if old.n == 0 {
			delete(s.seats, old.key)
		}
	}
	s.parked[s.hand], at.parked = at, true
	s.hand = (s.hand + 1) % parkedSeats
}

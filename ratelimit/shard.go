package ratelimit

import "sync"

const (
	overflowBuckets = 16
	sweep           = 8 // how many buckets are looked at each time a new key comes
)

// A shard holds the buckets of some keys. Its fields are under mu.
type shard struct {
	mu      sync.Mutex
	max     int
	index   map[string]int32 // into buckets
	buckets []bucket
	hand    int // where the next look for buckets that are full again begins
	// overflow holds the arrival times of those who found no room, by rate, so
	// that a slow rate does not hold up the callers of a fast one.
	overflow [overflowBuckets]int64

	_ [64]byte // shards of different cores share no cache line
}

type bucket struct {
	key     string
	arrival int64
}

func (s *shard) init(keys int) {
	s.max = keys
	s.index = map[string]int32{}
}

func (s *shard) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.buckets)
}

// find returns where the bucket of the key is, and its arrival time. A key
// without one, -1, is charged what the shared bucket is.
func (s *shard) find(key string, d demand) (int, int64) {
	if i, ok := s.index[key]; ok {
		return int(i), s.buckets[i].arrival
	}
	return -1, *s.shared(d)
}

// shared returns the overflow bucket of the rate.
func (s *shard) shared(d demand) *int64 {
	mixed := (uint64(d.interval)*0x9E3779B97F4A7C15 ^ uint64(d.depth)) * 0x9E3779B97F4A7C15
	return &s.overflow[mixed>>60]
}

// store keeps the arrival time of the key, in its bucket where it has one.
func (s *shard) store(key string, d demand, arrival, now int64) {
	if i, ok := s.index[key]; ok {
		s.buckets[i].arrival = arrival
		return
	}
	s.add(key, d, arrival, now)
}

// add keeps the arrival time of a key without a bucket: in a new one or, where
// there is no room, in the one that is shared, which never owes: what one spent
// beyond it is not for others to pay.
func (s *shard) add(key string, d demand, arrival, now int64) {
	s.collect(now)
	if len(s.buckets) >= s.max {
		*s.shared(d) = min(arrival, now+d.depth)
		return
	}
	s.index[key] = int32(len(s.buckets)) // within int32: see mostKeys
	s.buckets = append(s.buckets, bucket{key, arrival})
}

// collect lets go of buckets that are full again, looking at a few.
func (s *shard) collect(now int64) {
	for range min(sweep, len(s.buckets)) {
		if s.hand >= len(s.buckets) {
			s.hand = 0
		}
		if len(s.buckets) == 0 {
			return
		}
		if s.buckets[s.hand].arrival > now {
			s.hand++
			continue
		}
		s.drop(s.hand)
	}
}

// drop removes bucket i; the last one takes its place.
func (s *shard) drop(i int) {
	last := len(s.buckets) - 1
	delete(s.index, s.buckets[i].key)
	if i != last {
		s.buckets[i] = s.buckets[last]
		s.index[s.buckets[i].key] = int32(i) // within int32: see mostKeys
	}
	s.buckets[last] = bucket{}
	s.buckets = s.buckets[:last]
}

package ratelimit

import (
	"context"
	"fmt"
	"hash/maphash"
	"math/bits"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

const (
	shardCount     = 128
	defaultMaxKeys = 1 << 19 // about 100 MB where all are in use
	mostKeys       = 1 << 30 // beyond it, the settings ask for no bound at all
	maxKeyBytes    = 512
	inlineAsks     = 8
)

// MemoryConfig holds the settings of the kind "memory" of limiters.
type MemoryConfig struct {
	// MaxKeys bounds the buckets that are remembered; 0 means 524288. Each takes
	// about 200 bytes while it is in use. Beyond the bound nobody gets a fresh
	// bucket for it: new callers share the bucket of those who came too late.
	MaxKeys int `json:"max_keys,omitempty"`
}

// Validate reports every fault of the settings.
func (c MemoryConfig) Validate() error {
	var faults registry.Faults
	if c.MaxKeys < 0 {
		faults.Add("/max_keys", "want 1 or more, or nothing for the default")
	}
	return faults.Err()
}

// Memory is a Limiter that counts within this process, exactly: at no time
// does a key get more than its burst and what has trickled in since.
//
// Its memory is bounded. A bucket that is full again holds no more than a
// bucket that was never there, so only such buckets are ever let go, a few
// each time a new key comes. Where a new key finds no room among buckets in
// use, it draws from a bucket that such keys share, and when it gets one of
// its own, that begins as empty as the shared one is: whoever was forgotten
// comes back charged, never full. No goroutine runs beside it.
type Memory struct {
	start  time.Time
	seed   maphash.Seed
	shards [shardCount]shard
}

// NewMemory makes a Memory.
func NewMemory(c MemoryConfig) *Memory {
	keys := c.MaxKeys
	if keys <= 0 {
		keys = defaultMaxKeys
	}
	m := &Memory{start: time.Now(), seed: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i].init(max(min(keys, mostKeys)/shardCount, 1))
	}
	return m
}

// Len returns how many buckets are remembered at present.
func (m *Memory) Len() int {
	n := 0
	for i := range m.shards {
		n += m.shards[i].len()
	}
	return n
}

// Take implements Limiter. It fails for a negative N and for a key of more
// than 512 bytes, and never blocks for long.
func (m *Memory) Take(_ context.Context, asks []Ask, results []Result) error {
	for i := range asks {
		if asks[i].N < 0 {
			return errAsk
		}
	}
	if err := keysFit(asks); err != nil {
		return err
	}
	now := int64(time.Since(m.start))
	if len(asks) == 1 {
		m.takeOne(&asks[0], &results[0], now)
		return nil
	}
	m.takeAll(asks, results, now)
	return nil
}

func keysFit(asks []Ask) error {
	for i := range asks {
		if len(asks[i].Key) > maxKeyBytes {
			return fmt.Errorf("ratelimit: a key of %d bytes", len(asks[i].Key))
		}
	}
	return nil
}

// Charge implements Charger. It fails for a key of more than 512 bytes, and
// never blocks for long. A key that found no room owes nothing beyond what the
// shared bucket holds.
func (m *Memory) Charge(_ context.Context, asks []Ask, results []Result) error {
	if err := keysFit(asks); err != nil {
		return fmt.Errorf("%w: %w", ErrUncharged, err)
	}
	now := int64(time.Since(m.start))
	for i := range asks {
		m.charge(&asks[i], &results[i], now)
	}
	return nil
}

func (m *Memory) charge(ask *Ask, result *Result, now int64) {
	d, ok := chargeOf(ask)
	if !ok {
		*result = Result{}
		return
	}
	s := &m.shards[m.shardOf(ask.Key)]
	s.mu.Lock()
	defer s.mu.Unlock()
	i, arrival := s.find(ask.Key, d)
	if i < 0 && d.cost < 0 {
		d.cost = 0 // a bucket that is shared is not one's own to fill
	}
	arrival, *result = d.charge(arrival, now)
	switch {
	case i >= 0:
		s.buckets[i].arrival = arrival
	case d.cost > 0:
		s.add(ask.Key, d, arrival, now)
	}
}

func (m *Memory) takeOne(ask *Ask, result *Result, now int64) {
	d, ok := demandOf(ask)
	if !ok {
		*result = Result{}
		return
	}
	s := &m.shards[m.shardOf(ask.Key)]
	s.mu.Lock()
	defer s.mu.Unlock()
	i, arrival := s.find(ask.Key, d)
	arrival, *result = d.take(arrival, now)
	switch {
	case !result.Allowed || d.cost == 0:
	case i >= 0:
		s.buckets[i].arrival = arrival
	default:
		s.add(ask.Key, d, arrival, now)
	}
}

func (m *Memory) shardOf(key string) uint64 {
	return maphash.String(m.seed, key) % shardCount
}

// A step is one ask on its way through takeAll.
type step struct {
	demand  demand
	shard   uint64
	arrival int64 // after the ask
}

// takeAll judges every ask under the locks of all shards that they touch, and
// stores what it came to only where all pass.
func (m *Memory) takeAll(asks []Ask, results []Result, now int64) {
	var room [inlineAsks]step
	steps := room[:]
	if len(asks) > inlineAsks {
		steps = make([]step, len(asks))
	}
	steps = steps[:len(asks)]
	var touched shardSet
	for i := range asks {
		steps[i].shard = m.shardOf(asks[i].Key)
		touched.add(steps[i].shard)
	}
	m.lock(&touched)
	defer m.unlock(&touched)
	if !m.judge(asks, results, steps, now) {
		return
	}
	for i := range asks {
		if st := &steps[i]; st.demand.cost > 0 {
			m.shards[st.shard].store(asks[i].Key, st.demand, st.arrival, now)
		}
	}
}

// judge fills in results and steps, and reports whether all asks pass.
func (m *Memory) judge(asks []Ask, results []Result, steps []step, now int64) bool {
	pass := true
	for i := range asks {
		st, ok := &steps[i], false
		if st.demand, ok = demandOf(&asks[i]); !ok {
			results[i], pass = Result{}, false
			continue
		}
		before := m.before(asks, steps, i)
		st.arrival, results[i] = st.demand.take(before, now)
		pass = pass && results[i].Allowed
	}
	if !pass {
		unspent(asks, results, steps)
	}
	return pass
}

// before returns the arrival time that ask i finds: the one that an earlier
// ask of the same key left, or else the one in the store.
func (m *Memory) before(asks []Ask, steps []step, i int) int64 {
	st := &steps[i]
	for j := i - 1; j >= 0; j-- {
		if steps[j].shard == st.shard && asks[j].Key == asks[i].Key && steps[j].demand.interval > 0 {
			return steps[j].arrival
		}
	}
	_, stored := m.shards[st.shard].find(asks[i].Key, st.demand)
	return stored
}

// unspent takes back from results what allowed asks would have spent.
func unspent(asks []Ask, results []Result, steps []step) {
	for i := range results {
		if results[i].Allowed {
			results[i].Remaining += asks[i].N
			results[i].Reset -= time.Duration(steps[i].demand.cost)
		}
	}
}

// A shardSet is a set of shards, kept in order: locks are taken in this order
// by everybody, so that nobody waits in a circle.
type shardSet [shardCount / 64]uint64

func (s *shardSet) add(shard uint64) { s[shard/64] |= 1 << (shard % 64) }

func (s *shardSet) all(yield func(int) bool) {
	for word, set := range s {
		for ; set != 0; set &= set - 1 {
			if !yield(word*64 + bits.TrailingZeros64(set)) {
				return
			}
		}
	}
}

func (m *Memory) lock(touched *shardSet) {
	for i := range touched.all {
		m.shards[i].mu.Lock()
	}
}

func (m *Memory) unlock(touched *shardSet) {
	for i := range touched.all {
		m.shards[i].mu.Unlock()
	}
}

package authn

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Keys of these tests stand in one row: what tells them apart are their lower
// bits. Times are in nanoseconds.
const (
	per   = 1000
	limit = 100
)

// failTimes counts n failures of a key.
func (t *table) failTimes(n int, key uint64, now int64) {
	for range n {
		t.failed(key, 0, now)
	}
}

func (t *table) isBlocked(key uint64, now int64) bool {
	left, _ := t.blocked(key, 0, now)
	return left > 0
}

func TestARecordIsNotForgottenByBeingPushedOut(t *testing.T) {
	t.Parallel()
	tb := &table{limit: limit, per: per}
	tb.failTimes(limit, 1, 0)
	for key := uint64(2); key <= ways; key++ {
		tb.failTimes(50, key, 0)
	}
	tb.failTimes(limit, 1000, 0)
	require.True(t, tb.has(1), "who has failed most is not pushed out by who has failed less")
	require.True(t, tb.isBlocked(1, 0))

	// More keys than there are records, all over the limit: nobody gets one free
	// attempt after another by coming in turn.
	tb = &table{limit: limit, per: per}
	for key := uint64(1); key <= ways; key++ {
		tb.failTimes(limit, key, 0)
	}
	for turn := range 10 {
		key := uint64(100 + turn%2)
		tb.failed(key, 0, 0)
		require.True(t, tb.isBlocked(key, 0), "who takes a record over takes its failures over")
	}
}

func TestRecordsThatAreOverGoFirst(t *testing.T) {
	t.Parallel()
	tb := &table{limit: limit, per: per}
	for key := uint64(1); key <= ways; key++ {
		tb.failTimes(10, key, int64(key))
	}
	tb.failed(100, 0, per+1)
	require.False(t, tb.has(1))
	require.True(t, tb.has(2))
	tb.failTimes(limit-2, 100, per+1)
	require.False(t, tb.isBlocked(100, per+1), "it was counted from nothing")
	tb.failed(100, 0, per+1)
	require.True(t, tb.isBlocked(100, per+1))
	require.False(t, tb.isBlocked(100, 2*per+1))
}

func TestWhatFailsLateDoesNotPutTheEndOff(t *testing.T) {
	t.Parallel()
	tb := &table{limit: limit, per: per}
	tb.failTimes(limit, 1, 10)
	tb.failTimes(5, 1, 900)
	left, _ := tb.blocked(1, 0, 900)
	require.EqualValues(t, 110, left)
	require.False(t, tb.isBlocked(1, 10+per))
}

func TestARecordIsLetGoWhereThereIsGoodToTell(t *testing.T) {
	t.Parallel()
	tb := &table{limit: limit, per: per}
	tb.failed(1, 0, 0)
	tb.passed(1, 7, 2*per-1)
	require.True(t, tb.has(1), "who is good is known for a while after the failures are forgotten")
	tb.passed(1, 7, 2*per)
	require.False(t, tb.has(1))
	tb.passed(1, 7, 2*per)
	require.False(t, tb.has(1), "nothing is put on record by who is good")
}

// TestNoCountIsTooLow holds the table to a map that forgets nothing.
func TestNoCountIsTooLow(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	tb := &table{limit: 40, per: 1 << 40}
	exact := map[uint64]int{}
	for range 20_000 {
		key := 1 + uint64(random.ExpFloat64()*8)
		tb.failed(key, 0, 0)
		exact[key]++
		require.False(t, exact[key] >= 40 && !tb.isBlocked(key, 0), "key %d has failed %d times", key, exact[key])
	}
}

func TestGoodSet(t *testing.T) {
	t.Parallel()
	var none *goodSet
	require.False(t, none.has(1))
	none.remove(1)
	g := &goodSet{}
	g.add(0)
	require.False(t, g.has(0), "0 is no key")
	for key := uint64(1); key <= goodKeys+2; key++ {
		g.add(key)
		g.add(key)
	}
	require.False(t, g.has(2))
	require.True(t, g.has(3))
	g.remove(3)
	require.False(t, g.has(3))
}

package accesslog

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAStampIsWhatTheStandardLibraryWrites(t *testing.T) {
	t.Parallel()
	var s stamp
	at := time.Date(2026, time.November, 24, 23, 59, 58, 0, time.FixedZone("", 3600))
	for _, step := range []time.Duration{0, 1, 10, time.Millisecond, 999_000_000, time.Second, -time.Second, time.Hour, -48 * time.Hour} {
		at = at.Add(step)
		require.Equal(t, at.UTC().Format(time.RFC3339Nano), string(s.append(nil, at)))
	}
	for range 10_000 {
		at = at.Add(time.Duration(rand.Int64N(2_000_000_000) - 500_000_000))
		require.Equal(t, "x"+at.UTC().Format(time.RFC3339Nano), string(s.append([]byte("x"), at)))
	}
}

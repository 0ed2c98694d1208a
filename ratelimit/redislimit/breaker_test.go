package redislimit

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const testPause = 100 * time.Millisecond

func TestABreakerOpensAfterFailuresInARow(t *testing.T) {
	t.Parallel()
	var b breaker
	for range 5 {
		require.False(t, b.failed(0, testPause))
		require.False(t, b.failed(0, testPause))
		b.succeeded()
	}
	require.False(t, b.open.Load(), "an answer in between is an answer")
	require.False(t, b.failed(0, testPause))
	require.False(t, b.failed(0, testPause))
	require.True(t, b.failed(0, testPause))
	require.True(t, b.open.Load())
	require.False(t, b.failed(0, testPause), "it opens once")
}

func TestABreakerLetsOneProbeGoInEachPause(t *testing.T) {
	t.Parallel()
	var b breaker
	require.False(t, b.due(time.Hour, testPause), "nothing to probe")
	for range tolerance {
		b.failed(time.Second, testPause)
	}
	require.False(t, b.due(time.Second, testPause), "it was tried just now")
	for now := time.Second + testPause; now < 2*time.Second; now += testPause {
		var probes atomic.Int64
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if b.due(now, testPause) {
					probes.Add(1)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, probes.Load())
	}
	b.close()
	require.False(t, b.open.Load())
	require.False(t, b.due(time.Hour, testPause))
	require.False(t, b.failed(0, testPause), "it counts from the beginning")
}

package redislimit

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/ratelimit"
)

func TestNoMoreWaitThanThereIsRoomFor(t *testing.T) {
	t.Parallel()
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{miniredis.RunT(t).Addr()}, DisableCache: true, ForceSingleClient: true,
	})
	require.NoError(t, err)
	defer client.Close()
	l := New(client, Timeout(20*time.Second))
	asks := []ratelimit.Ask{{Key: "a", Rate: ratelimit.Rate{Limit: 10, Per: time.Hour}, N: 1}}
	results := make([]ratelimit.Result, 1)

	l.flying.Store(maxFlying)
	require.ErrorIs(t, l.Take(t.Context(), asks, results), errCrowded)
	require.False(t, results[0].Allowed)
	require.False(t, l.Degraded(), "Redis is not to blame")
	l.flying.Store(0)
	require.NoError(t, l.Take(t.Context(), asks, results))
	require.Eventually(t, func() bool { return l.flying.Load() == 0 }, 20*time.Second, time.Millisecond)
}

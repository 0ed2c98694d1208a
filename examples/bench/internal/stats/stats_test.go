package stats_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/stats"
)

func TestQuantile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values []float64
		q      float64
		want   float64
	}{
		"the one value there is":         {[]float64{7}, 0.99, 7},
		"the middle of an odd number":    {[]float64{9, 1, 5}, 0.5, 5},
		"between the two in the middle":  {[]float64{4, 1, 2, 3}, 0.5, 2.5},
		"the lower quartile":             {[]float64{1, 2, 3, 4, 5}, 0.25, 2},
		"the least for a share below 0":  {[]float64{3, 2}, -1, 2},
		"the greatest for one above one": {[]float64{3, 2}, 2, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.InDelta(t, c.want, stats.Quantile(c.values, c.q), 1e-9)
		})
	}
	require.True(t, math.IsNaN(stats.Median(nil)))
}

func TestQuantileLeavesItsArgumentAlone(t *testing.T) {
	t.Parallel()
	values := []float64{3, 1, 2}
	require.Equal(t, stats.Spread{Low: 1.5, Median: 2, High: 2.5}, stats.SpreadOf(values))
	require.Equal(t, []float64{3, 1, 2}, values)
}

func TestRatiosAreOfTheSameRound(t *testing.T) {
	t.Parallel()
	values := map[int]float64{0: 50, 1: 200, 2: 60, 4: 1}
	base := map[int]float64{0: 100, 1: 400, 2: 100, 3: 1}
	require.Equal(t, []float64{0.5, 0.5, 0.6}, stats.Ratios(values, base), "a slow round counts like any other")
	require.Empty(t, stats.Ratios(values, nil))
}

// Package stats holds the few figures that the tables are made of: medians,
// quartiles, and ratios of figures that belong to one round.
package stats

import (
	"math"
	"slices"
)

// Quantile returns the value below which the share q of all values lies,
// between two of them by the straight line. It is NaN where there are none.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	at := min(max(q, 0), 1) * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// Median returns the middle value.
func Median(values []float64) float64 { return Quantile(values, 0.5) }

// A Spread is a median with its quartiles.
type Spread struct{ Low, Median, High float64 }

// SpreadOf returns the median and the quartiles of values.
func SpreadOf(values []float64) Spread {
	return Spread{Quantile(values, 0.25), Median(values), Quantile(values, 0.75)}
}

// Ratios divides what was measured in each round by what the base came to in
// the same round, so that what slows a whole round down cancels out. Rounds
// that either of them lacks are left out.
func Ratios(values, base map[int]float64) []float64 {
	var out []float64
	for round, v := range values {
		if b := base[round]; b > 0 {
			out = append(out, v/b)
		}
	}
	slices.Sort(out)
	return out
}

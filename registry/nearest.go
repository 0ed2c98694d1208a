package registry

import (
	"fmt"
	"slices"
	"strings"
)

// Unknown returns the error of a name that is not among the valid ones, with
// the nearest of them, or all where they are few and none is near.
func Unknown(what, name string, valid []string) error {
	if near := Nearest(name, valid); near != "" {
		return fmt.Errorf("unknown %s %q; did you mean %q?", what, name, near)
	}
	if len(valid) == 0 {
		return fmt.Errorf("unknown %s %q; there is none", what, name)
	}
	sorted := slices.Sorted(slices.Values(valid))
	if len(sorted) > 12 {
		return fmt.Errorf("unknown %s %q", what, name)
	}
	return fmt.Errorf("unknown %s %q; want one of %s", what, name, strings.Join(sorted, ", "))
}

// Nearest returns the valid name that is fewest edits away from name, empty
// where none is near.
func Nearest(name string, valid []string) string {
	best, least := "", max(2, len(name)/3)+1
	for _, v := range valid {
		if d := distance(strings.ToLower(name), strings.ToLower(v), least); d < least {
			best, least = v, d
		}
	}
	return best
}

// distance is the number of edits (insert, delete, replace, swap of two
// neighbours) between a and b, or bound where it is not less.
func distance(a, b string, bound int) int {
	if len(a) > 64 || len(b) > 64 || abs(len(a)-len(b)) >= bound {
		return bound
	}
	before, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev, row = prev, row, before
	}
	return min(prev[len(b)], bound)
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

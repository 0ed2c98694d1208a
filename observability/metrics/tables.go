package metrics

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// tables is what all routes share.
type tables struct {
	slots          [600]uint8 // status to slot
	statusNames    []string   // slot to label value
	durationBounds []time.Duration
	overheadBounds []time.Duration
}

// newTables gives each status code that HTTP names, and 499, a slot of its
// own; the others share one by class: "2xx".
func newTables(durations, overheads []float64) tables {
	t := tables{durationBounds: bounds(durations), overheadBounds: bounds(overheads)}
	t.statusNames = []string{Other, "1xx", "2xx", "3xx", "4xx", "5xx"}
	for status := 100; status < len(t.slots); status++ {
		t.slots[status] = uint8(status / 100)
		if http.StatusText(status) != "" || status == 499 {
			t.slots[status] = uint8(len(t.statusNames))
			t.statusNames = append(t.statusNames, strconv.Itoa(status))
		}
	}
	return t
}

func (t *tables) slot(status int) uint8 {
	if status < 0 || status >= len(t.slots) {
		return 0
	}
	return t.slots[status]
}

// ascending returns the bounds of a histogram in their order, each once; the
// one of infinity is there anyway.
func ascending(seconds []float64) []float64 {
	var out []float64
	for _, s := range seconds {
		if s > 0 && s < maxBound {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// maxBound is longer than any exchange: a year.
const maxBound = 365 * 24 * 3600

func bounds(seconds []float64) []time.Duration {
	ds := make([]time.Duration, len(seconds))
	for i, s := range seconds {
		ds[i] = time.Duration(s * float64(time.Second))
	}
	return ds
}

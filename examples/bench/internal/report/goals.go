package report

import (
	"fmt"
	"strings"
)

// A goal is a bound that the gateway sets itself.
type goal struct {
	name, what          string
	contender, workload string
	ratio               float64 // to bare
	allocations         float64 // 0 where there is no bound
}

func goals() []goal {
	const pass, full = "gateway_pass", "gateway_full"
	return []goal{
		{"P1", "pass-through", pass, "get_1k", 0.65, 33},
		{"P3", "full chain", full, "get_1k", 0.85, 36},
		{"P9", "pass-through, answers of 64 KiB", pass, "get_64k", 0.75, 0},
		{"P9", "pass-through, POST of 16 KiB", pass, "post_16k", 0.57, 0},
		{"P10", "pass-through, HTTP/2 in front", pass, "h2_1k", 0.75, 0},
		{"P11", "pass-through, 400 requests a second", pass, "open_400", 0.75, 0},
	}
}

// callBounds are those of the pass-through in system calls a request.
const callBounds = "3.1 reads, 1 peek, 2 writes"

// goalTable holds what was measured to the goals.
func (r *Results) goalTable() string {
	var b strings.Builder
	b.WriteString("| goal | what | CPU to bare | bound | allocations | bound |\n|---|---|---|---|---|---|\n")
	for _, g := range goals() {
		for _, row := range r.rows(g.workload) {
			if row.contender.Name == g.contender {
				fmt.Fprintf(&b, "| %s | %s | %s | %.2f | %.1f | %s |\n", g.name, g.what, mark(row.ratio.Median, g.ratio), g.ratio, row.allocations, bound(g.allocations))
			}
		}
	}
	if c := r.calls("gateway_pass", "get_1k"); c != nil {
		fmt.Fprintf(&b, "| P1 | pass-through, system calls a request | %.2f reads, %.2f peeks, %.2f writes | %s | | |\n", c.Read, c.Recv, c.Write, callBounds)
	}
	return b.String()
}

// mark prints a ratio, in bold where it keeps its bound.
func mark(v, most float64) string {
	if v <= most {
		return fmt.Sprintf("**%.2f**", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func bound(v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f", v)
}

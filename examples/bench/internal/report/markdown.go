package report

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Markdown returns all tables, and a link to the plot.
func (r *Results) Markdown(plot string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s. %d rounds of %v for each contender and workload, %d connections.\n", r.Machine, r.Rounds, r.Duration, r.Connections)
	if len(r.Skipped) > 0 {
		fmt.Fprintf(&b, "Left out: %s.\n", strings.Join(r.Skipped, ", "))
	}
	fmt.Fprintf(&b, "\n![CPU of a request beside that of the bare reverse proxy](%s)\n\n", plot)
	b.WriteString(r.goalTable())
	for _, w := range r.Workloads {
		fmt.Fprintf(&b, "\n**%s**\n\n%s", w.Title, r.table(w.Name))
	}
	return b.String()
}

// table returns the figures of one workload.
func (r *Results) table(workload string) string {
	var b strings.Builder
	b.WriteString("| contender | CPU, µs | quartiles | mean | to bare | quartiles | means | allocations | read | recv | write | futex | epoll | other | p50, ms | p99, ms | req/s |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, x := range r.rows(workload) {
		fmt.Fprintf(&b, "| %s | %.1f | %.1f to %.1f | %.1f | %.2f | %.2f to %.2f | %.2f | %s | %s | %s | %s | %.0f |\n",
			x.contender.Title, x.cpu.Median, x.cpu.Low, x.cpu.High, x.mean, x.ratio.Median, x.ratio.Low, x.ratio.High, x.all,
			figure(x.allocations), x.kinds(), millis(x.p50), millis(x.p99), x.requests)
	}
	return b.String()
}

// kinds returns the six columns of system calls.
func (x row) kinds() string {
	c := x.calls
	if c == nil {
		return " | | | | | "
	}
	return fmt.Sprintf("%.2f | %.2f | %.2f | %.2f | %.2f | %.2f", c.Read, c.Recv, c.Write, c.Futex, c.Epoll, c.Other)
}

func figure(v float64) string {
	if v == 0 || math.IsNaN(v) {
		return ""
	}
	return fmt.Sprintf("%.1f", v)
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/1e6) }

// Marks that a page keeps the tables between.
const (
	Begin = "<!-- bench: begin -->"
	End   = "<!-- bench: end -->"
)

// Into returns page with the text between its marks replaced; a page without
// marks is replaced as a whole.
func Into(page, text string) string {
	before, rest, found := strings.Cut(page, Begin)
	_, after, closed := strings.Cut(rest, End)
	if !found || !closed {
		return text
	}
	return before + Begin + "\n" + text + End + after
}

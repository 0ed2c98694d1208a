// Package report makes tables and a plot of what was measured.
package report

import (
	"time"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/procs"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/stats"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
)

// Results are all figures of a run.
type Results struct {
	Rounds      int
	Duration    time.Duration
	Connections int
	Machine     string
	Contenders  []Contender
	Workloads   []traffic.Workload
	Cells       []Cell
	Calls       []Calls
	Skipped     []string // contenders that could not be started
}

// A Contender is a row of the tables.
type Contender struct{ Name, Title string }

// A Cell is one contender in one workload of one round.
type Cell struct {
	Contender   string
	Workload    string
	Round       int
	Requests    int
	CPU         float64 // microseconds a request
	Allocations float64 // a request; 0 where the contender does not tell
	P50, P99    time.Duration
}

// Calls are the system calls of one contender in one workload.
type Calls struct {
	Contender string
	Workload  string
	procs.PerRequest
}

// base is the contender that ratios are to.
const base = "bare"

// A row is what the rounds of one contender in one workload come to.
type row struct {
	contender   Contender
	cpu, ratio  stats.Spread
	mean, all   float64 // of all rounds together, and that to bare
	allocations float64
	p50, p99    time.Duration
	requests    float64 // a second
	calls       *procs.PerRequest
}

// rows returns those of a workload, in the order of the contenders.
func (r *Results) rows(workload string) []row {
	bare, all := r.cpu(base, workload), r.mean(base, workload)
	var out []row
	for _, c := range r.Contenders {
		cpu := r.cpu(c.Name, workload)
		if len(cpu) == 0 {
			continue
		}
		out = append(out, row{
			contender:   c,
			cpu:         stats.SpreadOf(r.each(c.Name, workload, func(c Cell) float64 { return c.CPU })),
			ratio:       stats.SpreadOf(stats.Ratios(cpu, bare)),
			mean:        r.mean(c.Name, workload),
			all:         r.mean(c.Name, workload) / all,
			allocations: stats.Median(r.each(c.Name, workload, func(c Cell) float64 { return c.Allocations })),
			p50:         time.Duration(stats.Median(r.each(c.Name, workload, func(c Cell) float64 { return float64(c.P50) }))),
			p99:         time.Duration(stats.Median(r.each(c.Name, workload, func(c Cell) float64 { return float64(c.P99) }))),
			requests:    stats.Median(r.each(c.Name, workload, func(c Cell) float64 { return float64(c.Requests) / r.Duration.Seconds() })),
			calls:       r.calls(c.Name, workload),
		})
	}
	return out
}

// cpu returns the CPU of a request by round.
func (r *Results) cpu(contender, workload string) map[int]float64 {
	out := map[int]float64{}
	for _, c := range r.Cells {
		if c.Contender == contender && c.Workload == workload {
			out[c.Round] = c.CPU
		}
	}
	return out
}

// mean returns the CPU of a request over all rounds. The collections of a large
// heap fall in few of them, so that a median can miss what they cost.
func (r *Results) mean(contender, workload string) float64 {
	var cpu, requests float64
	for _, c := range r.Cells {
		if c.Contender == contender && c.Workload == workload {
			cpu += c.CPU * float64(c.Requests)
			requests += float64(c.Requests)
		}
	}
	return cpu / requests
}

func (r *Results) each(contender, workload string, of func(Cell) float64) []float64 {
	var out []float64
	for _, c := range r.Cells {
		if c.Contender == contender && c.Workload == workload {
			out = append(out, of(c))
		}
	}
	return out
}

func (r *Results) calls(contender, workload string) *procs.PerRequest {
	for _, c := range r.Calls {
		if c.Contender == contender && c.Workload == workload {
			return &c.PerRequest
		}
	}
	return nil
}

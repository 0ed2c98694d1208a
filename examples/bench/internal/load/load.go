// Package load is the client: it keeps connections of its own busy, by a
// closed or an open loop, checks every byte that comes back, and reads the CPU
// clocks of the processes that it is told of at the two ends of the time that
// counts.
package load

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/procs"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
)

// An Order says what to do.
type Order struct {
	Addr        string        `json:"addr"`
	Workload    string        `json:"workload"`
	Tokens      bool          `json:"tokens"`      // requests bear tokens
	Masked      bool          `json:"masked"`      // the answer is masked
	Routes      int           `json:"routes"`      // that requests are spread over
	Connections int           `json:"connections"` // of HTTP/1.1; streams of HTTP/2
	Warmup      time.Duration `json:"warmup"`      // before the time that counts
	Duration    time.Duration `json:"duration"`    // the time that counts
	PIDs        []int         `json:"pids"`        // whose clocks are read
	Seed        uint64        `json:"seed"`
}

// A Result is what came of it.
type Result struct {
	Requests int           `json:"requests"` // of the time that counts
	Total    int           `json:"total"`    // with those of the warm-up
	CPU      time.Duration `json:"cpu"`      // of the processes, in the time that counts
	Took     time.Duration `json:"took"`
	P50      time.Duration `json:"p50"`
	P99      time.Duration `json:"p99"`
	Error    string        `json:"error,omitempty"` // the first one
}

// A Generator runs orders, one after the other. No two requests of one
// generator have the same path.
type Generator struct {
	tokens [][]byte
	ids    atomic.Int64
}

// New makes a generator with the tokens of the callers.
func New(tokens [][]byte) *Generator { return &Generator{tokens: tokens} }

// Run runs one order.
func (g *Generator) Run(o Order) (Result, error) {
	w, err := traffic.Find(o.Workload)
	if err != nil {
		return Result{}, err
	}
	r := &run{order: o, workload: w, want: w.Answer(o.Masked), ids: &g.ids, over: make(chan struct{})}
	if o.Tokens {
		r.tokens = g.tokens
	}
	result, err := r.run()
	if err != nil {
		result.Error = fmt.Sprintf("%s: %v", w.Name, err)
	}
	return result, nil
}

// A run is one order under way.
type run struct {
	order    Order
	workload traffic.Workload
	want     []byte
	tokens   [][]byte
	ids      *atomic.Int64

	done     atomic.Int64 // requests that were answered
	counting atomic.Bool
	over     chan struct{}
	stop     sync.Once

	mu      sync.Mutex
	took    []time.Duration
	failure error
}

func (r *run) run() (Result, error) {
	workers, err := r.workers()
	if err != nil {
		return Result{}, err
	}
	var wait sync.WaitGroup
	for _, work := range workers {
		wait.Go(func() {
			if err := work(); err != nil {
				r.fail(err)
			}
		})
	}
	result, err := r.measure()
	r.end()
	wait.Wait()
	result.Total = int(r.done.Load())
	slices.Sort(r.took)
	if n := len(r.took); n > 0 {
		result.P50, result.P99 = r.took[n/2], r.took[n*99/100]
	}
	return result, errors.Join(err, r.failure)
}

func (r *run) end() { r.stop.Do(func() { close(r.over) }) }

func (r *run) ended() bool {
	select {
	case <-r.over:
		return true
	default:
		return false
	}
}

func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure == nil {
		r.failure = err
	}
	r.end()
}

// wait waits for d, or until the run has ended.
func (r *run) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.over:
	}
}

// measure lets the warm-up pass and reads clocks and counts at both ends of
// the time that counts.
func (r *run) measure() (Result, error) {
	r.wait(r.order.Warmup)
	r.counting.Store(true)
	defer r.counting.Store(false)
	requests, start := r.done.Load(), time.Now()
	cpu, err := procs.CPU(r.order.PIDs)
	if err != nil {
		return Result{}, err
	}
	r.wait(r.order.Duration)
	after, err := procs.CPU(r.order.PIDs)
	return Result{Requests: int(r.done.Load() - requests), CPU: after - cpu, Took: time.Since(start)}, err
}

// A tally keeps the times of one worker.
type tally struct {
	run  *run
	took []time.Duration
}

func (t *tally) add(began time.Time) {
	t.run.done.Add(1)
	if t.run.counting.Load() {
		t.took = append(t.took, time.Since(began))
	}
}

func (t *tally) close() {
	t.run.mu.Lock()
	defer t.run.mu.Unlock()
	t.run.took = append(t.run.took, t.took...)
}

func (r *run) parts(worker int) parts {
	return parts{routes: r.order.Routes, tokens: r.tokens, seed: r.order.Seed<<16 + uint64(worker), ids: r.ids}
}

// Package rounds drives a run: it starts the backend, the load generator and
// the contenders, has each contender measured in each round, and counts system
// calls in the end.
package rounds

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/control"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/load"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/report"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
)

// A Plan is what is to be measured.
type Plan struct {
	Rounds      int
	Duration    time.Duration // of one contender, in one workload of one round
	Connections int
	Contenders  []Contender
	Workloads   []traffic.Workload
	Calls       bool   // system calls are counted, where strace is installed
	Profiles    string // folder for profiles of each Go contender and workload; empty for none
	Log         *log.Logger
}

// Estimate is how long the run takes, without what it starts.
func (p Plan) Estimate() time.Duration {
	cells := len(p.Contenders) * len(p.Workloads)
	all := time.Duration(len(p.Contenders)) * p.settling()
	all += time.Duration(cells*p.Rounds) * (p.Duration + p.warmup() + 20*time.Millisecond)
	if p.Profiles != "" {
		all += time.Duration(cells) * profiled
	}
	if p.Calls {
		all += time.Duration(cells) * (counted + 300*time.Millisecond)
	}
	return all
}

// settling is for how long each contender is under load before any time counts.
func (p Plan) settling() time.Duration { return min(2*p.Duration, time.Second) }

// warmup fills pools before the time that counts.
func (p Plan) warmup() time.Duration { return min(p.Duration/5, 200*time.Millisecond) }

// For how long system calls are counted, and a contender is profiled.
const (
	counted  = 500 * time.Millisecond
	profiled = 3 * time.Second
)

// Run measures. Where a contender fails, the results are those of the others,
// and there is an error beside them.
func (p Plan) Run(ctx context.Context) (*report.Results, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s := &stage{plan: p, dir: dir, serving: map[string]*serving{}}
	defer s.clear()
	r := &report.Results{Rounds: p.Rounds, Duration: p.Duration, Connections: p.Connections, Workloads: p.Workloads}
	for _, do := range []func() error{
		func() error { return s.set(ctx) },
		func() error { return s.settle(ctx) },
		func() error { return s.measure(ctx, r) },
		func() error { return s.profile(ctx) },
		func() error { return s.count(ctx, r) },
	} {
		if err := do(); err != nil {
			return nil, err
		}
	}
	for _, c := range p.Contenders {
		if s.serving[c.Name] != nil {
			r.Contenders = append(r.Contenders, report.Contender{Name: c.Name, Title: c.Title})
		}
	}
	r.Skipped = s.skipped
	return r, s.failed
}

// settle lets each contender do all that it does once: its heap finds its
// size, its tables what they hold.
func (s *stage) settle(ctx context.Context) error {
	for _, c := range s.present(0) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := s.exchange(c, s.plan.Workloads[0], load.Order{Duration: s.plan.settling()}); err != nil {
			if err := s.drop(c, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// measure fills in the cells: round by round, and within a round workload by
// workload, each contender in turn.
func (s *stage) measure(ctx context.Context, r *report.Results) error {
	for round := range s.plan.Rounds {
		s.plan.Log.Printf("round %d of %d", round+1, s.plan.Rounds)
		for _, w := range s.plan.Workloads {
			for _, c := range s.present(round) {
				if err := ctx.Err(); err != nil {
					return err
				}
				cell, err := s.cell(c, w, round)
				if err == nil {
					r.Cells = append(r.Cells, cell)
				} else if err := s.drop(c, err); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *stage) cell(c *serving, w traffic.Workload, round int) (report.Cell, error) {
	before, err := c.allocations()
	if err != nil {
		return report.Cell{}, err
	}
	result, err := s.exchange(c, w, load.Order{Warmup: s.plan.warmup(), Duration: s.plan.Duration, PIDs: c.pids, Seed: uint64(round)})
	if err != nil {
		return report.Cell{}, err
	}
	after, err := c.allocations()
	if err != nil {
		return report.Cell{}, err
	}
	return report.Cell{
		Contender: c.Name, Workload: w.Name, Round: round, Requests: result.Requests,
		CPU:         float64(result.CPU.Nanoseconds()) / 1e3 / float64(result.Requests),
		Allocations: float64(after-before) / float64(result.Total),
		P50:         result.P50, P99: result.P99,
	}, nil
}

// exchange has the load generator do its work, and holds the backend to having
// been asked for each answer.
func (s *stage) exchange(c *serving, w traffic.Workload, o load.Order) (load.Result, error) {
	o.Addr, o.Workload, o.Tokens, o.Masked = c.place.H1, w.Name, c.Tokens, c.Masked
	o.Connections, o.Routes = s.plan.Connections, cmp.Or(c.Routes, traffic.Routes)
	if w.HTTP2 {
		o.Addr = c.place.H2C
	}
	var before, after int64
	var result load.Result
	err := errors.Join(s.backend.ask("served", &before), s.load.ask(o, &result), s.backend.ask("served", &after))
	switch {
	case err != nil:
		return result, err
	case result.Error != "":
		return result, errors.New(result.Error)
	case result.Requests == 0:
		return result, fmt.Errorf("%s: no request was answered", w.Name)
	case after-before < int64(result.Total):
		return result, fmt.Errorf("%s: %d answers, but the backend was asked %d times", w.Name, result.Total, after-before)
	}
	return result, nil
}

// allocations returns those of a contender since it began; 0 for one that does
// not tell.
func (c *serving) allocations() (uint64, error) {
	if c.foreign {
		return 0, nil
	}
	var stats control.Stats
	err := c.ask(control.Question{}, &stats)
	return stats.Allocations, err
}

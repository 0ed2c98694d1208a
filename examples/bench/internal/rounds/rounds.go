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
	"os/exec"
	"path/filepath"
	"time"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/control"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/load"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/procs"
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

// Run measures.
func (p Plan) Run(ctx context.Context) (*report.Results, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s := &stage{plan: p, dir: dir, serving: map[string]*serving{}}
	defer s.clear()
	if err := errors.Join(s.set(ctx), s.settle(ctx)); err != nil {
		return nil, err
	}
	r := &report.Results{Rounds: p.Rounds, Duration: p.Duration, Connections: p.Connections, Skipped: s.skipped}
	for _, c := range p.Contenders {
		if s.serving[c.Name] != nil {
			r.Contenders = append(r.Contenders, report.Contender{Name: c.Name, Title: c.Title})
		}
	}
	r.Workloads = p.Workloads
	if err := s.measure(ctx, r); err != nil {
		return nil, err
	}
	if err := s.profile(ctx); err != nil {
		return nil, err
	}
	return r, s.count(ctx, r)
}

// A stage is all processes of a run.
type stage struct {
	plan    Plan
	dir     string
	backend *child
	load    *child
	serving map[string]*serving
	skipped []string
}

// A serving is a contender at work.
type serving struct {
	Contender
	*child
	place control.Place
	pids  []int
}

// set starts everything. Contenders that cannot be started are left out, but
// for the base.
func (s *stage) set(ctx context.Context) error {
	if err := traffic.WriteCallers(s.dir); err != nil {
		return err
	}
	at, err := place("", s.dir)
	if err != nil {
		return err
	}
	if s.backend, err = s.self("backend", at.H1); err != nil {
		return fmt.Errorf("start the backend: %w", err)
	}
	if s.load, err = s.self("load", s.dir); err != nil {
		return fmt.Errorf("start the load generator: %w", err)
	}
	for _, c := range s.plan.Contenders {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.plan.Log.Printf("starting %s", c.Name)
		err := s.launch(c, at.H1)
		if err != nil && c.Name == Base {
			return fmt.Errorf("start %s: %w", c.Name, err)
		}
		if err != nil {
			s.plan.Log.Printf("%s is left out: %v", c.Name, err)
			s.skipped = append(s.skipped, c.Name)
		}
	}
	return nil
}

func (s *stage) self(args ...string) (*child, error) {
	file, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return talk(exec.Command(file, args...))
}

// launch starts a contender. Where somebody else has taken one of its
// addresses meanwhile, it is tried at others.
func (s *stage) launch(c Contender, backend string) error {
	dir := filepath.Join(s.dir, c.Name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	var last error
	for range 3 {
		p, err := place(backend, s.dir)
		if err != nil {
			return err
		}
		process, err := c.launch(p, dir)
		if err == nil {
			s.serving[c.Name] = &serving{Contender: c, child: process, place: p, pids: process.pids()}
			return nil
		}
		if last = err; errors.Is(err, errUnavailable) {
			break
		}
	}
	return last
}

// clear stops everything.
func (s *stage) clear() {
	for _, c := range s.serving {
		c.stop()
	}
	for _, c := range []*child{s.load, s.backend} {
		if c != nil {
			c.stop()
		}
	}
}

// settle lets each contender do all that it does once: its heap finds its
// size, its tables what they hold.
func (s *stage) settle(ctx context.Context) error {
	for _, c := range s.present(0) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := s.exchange(c, s.plan.Workloads[0], load.Order{Duration: s.plan.settling()}); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return nil
}

// present returns the contenders that serve, beginning with another one each
// time, so that none always comes after the same.
func (s *stage) present(round int) []*serving {
	var all []*serving
	for i := range s.plan.Contenders {
		c := s.plan.Contenders[(i+round)%len(s.plan.Contenders)]
		if at := s.serving[c.Name]; at != nil {
			all = append(all, at)
		}
	}
	return all
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
				if err != nil {
					return fmt.Errorf("%s: %w", c.Name, err)
				}
				r.Cells = append(r.Cells, cell)
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

// count counts system calls, in short loads that are not timed.
func (s *stage) count(ctx context.Context, r *report.Results) error {
	if _, err := exec.LookPath("strace"); err != nil || !s.plan.Calls {
		return nil
	}
	for _, w := range s.plan.Workloads {
		for _, c := range s.present(0) {
			if err := ctx.Err(); err != nil {
				return err
			}
			var result load.Result
			calls, err := procs.CountCalls(c.pids, func() (err error) {
				result, err = s.exchange(c, w, load.Order{Duration: counted, Seed: 1 << 20})
				return err
			})
			if err != nil {
				return fmt.Errorf("system calls of %s: %w", c.Name, err)
			}
			r.Calls = append(r.Calls, report.Calls{Contender: c.Name, Workload: w.Name, PerRequest: calls.Per(result.Total)})
		}
	}
	return nil
}

// profile has each contender that can write profiles of itself, in loads that
// are not timed.
func (s *stage) profile(ctx context.Context) error {
	if s.plan.Profiles == "" {
		return nil
	}
	for _, w := range s.plan.Workloads {
		for _, c := range s.present(0) {
			if c.foreign {
				continue
			}
			if err := errors.Join(ctx.Err(), s.profileOne(c, w)); err != nil {
				return fmt.Errorf("profile of %s: %w", c.Name, err)
			}
		}
	}
	return nil
}

func (s *stage) profileOne(c *serving, w traffic.Workload) error {
	dir, err := filepath.Abs(filepath.Join(s.plan.Profiles, w.Name, c.Name))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var stats control.Stats
	if err := c.ask(control.Question{Profile: dir}, &stats); err != nil {
		return err
	}
	if _, err := s.exchange(c, w, load.Order{Duration: profiled, Seed: 1 << 21}); err != nil {
		return err
	}
	return c.ask(control.Question{}, &stats)
}

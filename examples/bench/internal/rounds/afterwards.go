package rounds

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/control"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/load"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/procs"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/report"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
)

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
			calls, err := s.countOne(c, w)
			if err != nil { // the column stays empty
				s.plan.Log.Printf("system calls of %s by %s are not counted: %v", c.Name, w.Name, err)
				continue
			}
			r.Calls = append(r.Calls, calls)
		}
	}
	return nil
}

// countOne counts those of one contender. strace misses all of them now and
// then, and is tried again.
func (s *stage) countOne(c *serving, w traffic.Workload) (report.Calls, error) {
	var last error
	for range 3 {
		var result load.Result
		calls, err := procs.CountCalls(c.pids, func() (err error) {
			result, err = s.exchange(c, w, load.Order{Duration: counted, Seed: 1 << 20})
			return err
		})
		if err == nil {
			return report.Calls{Contender: c.Name, Workload: w.Name, PerRequest: calls.Per(result.Total)}, nil
		}
		last = err
	}
	return report.Calls{}, last
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

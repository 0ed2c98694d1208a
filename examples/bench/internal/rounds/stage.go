package rounds

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/control"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
)

// A stage is all processes of a run.
type stage struct {
	plan    Plan
	dir     string
	backend *child
	load    *child
	serving map[string]*serving
	skipped []string
	failed  error
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

// drop leaves out a contender that has failed, and with it what was measured of
// it. Without the base there is nothing to compare.
func (s *stage) drop(c *serving, why error) error {
	why = fmt.Errorf("%s: %w", c.Name, why)
	if c.Name == Base {
		return why
	}
	s.plan.Log.Printf("left out from now on: %v", why)
	delete(s.serving, c.Name)
	c.stop()
	s.skipped, s.failed = append(s.skipped, c.Name), errors.Join(s.failed, why)
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

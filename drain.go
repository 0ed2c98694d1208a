package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Drain timing: what Run's end and a retired route allow.
type Drain struct {
	// Grace is how long readiness is off before new requests are refused; 0 by
	// default. Load balancers need about two of their check intervals.
	Grace time.Duration
	// Delay is how long exchanges may end by themselves before streams and
	// tunnels are told to; 1 s by default.
	Delay time.Duration
	// Deadline bounds the whole; 30 s by default. What is left then is cut.
	Deadline time.Duration
}

// Draining sets how Run ends and how routes retire. Zero fields keep their
// defaults.
func Draining(d Drain) Option {
	return once("Draining", func(s *settings) error {
		if d.Grace < 0 || d.Delay < 0 || d.Deadline < 0 {
			return errors.New("gateway: Draining wants no negative times")
		}
		s.grace = d.Grace
		if d.Delay > 0 {
			s.drainDelay = d.Delay
		}
		if d.Deadline > 0 {
			s.deadline = d.Deadline
		}
		return nil
	})
}

// DrainReport has f told what became of the exchanges that the drain at Run's
// end met: once, from the goroutine of Run.
func DrainReport(f func(Report)) Option {
	return once("DrainReport", func(s *settings) error { s.drained = f; return nil })
}

// A Report tells what became of the exchanges that a drain met.
type Report struct {
	Routes []RouteReport `json:"routes"` // those that had any, by name
	Took   time.Duration `json:"took"`
}

// A RouteReport tells it of one route.
type RouteReport struct {
	Route string `json:"route"`
	// Finished ended by themselves.
	Finished int64 `json:"finished"`
	// Told were streams and tunnels, or slow: they ended after they were told to.
	Told int64 `json:"told"`
	// Cut were still open at the deadline.
	Cut int64 `json:"cut"`
}

// String returns the report as a few lines for people.
func (r Report) String() string {
	var b strings.Builder
	var finished, told, cut int64
	for _, route := range r.Routes {
		finished, told, cut = finished+route.Finished, told+route.Told, cut+route.Cut
	}
	fmt.Fprintf(&b, "drained in %v: %d finished, %d told, %d cut\n", r.Took.Round(time.Millisecond), finished, told, cut)
	for _, route := range r.Routes {
		fmt.Fprintf(&b, "  %-24s finished %d, told %d, cut %d\n", route.Route, route.Finished, route.Told, route.Cut)
	}
	return b.String()
}

// Drain ends service: readiness goes off; after the grace, new requests are
// refused with 503; after the drain delay, streams and tunnels are told to come
// to their end; when ctx ends, what is left counts as cut. The report says what
// became of the exchanges that were open when refusing began.
//
// What is left is cut where its body moves on; a connection that does not move
// is closed with its listener, which Run does. A drained gateway serves nothing any more; Close it.
func (g *Gateway) Drain(ctx context.Context) Report {
	g.unready.Store(true)
	pause(ctx, g.grace)
	start := time.Now()
	t := g.stop()
	if t == nil {
		return Report{}
	}
	units := append([]*unit{}, t.routes...)
	began := retireAll(units)
	awaitAll(ctx, units, g.drainDelay)
	told := counts(units)
	for _, u := range units {
		u.tell()
	}
	t.edge.tell()
	awaitAll(ctx, units, 0)
	left := counts(units)
	cutAll(units)
	return report(units, began, told, left, time.Since(start))
}

// stop has requests and updates refused from here on, and returns the table
// that stays the last.
func (g *Gateway) stop() *table {
	g.apply.Lock()
	defer g.apply.Unlock()
	if !g.over {
		g.over = true
		close(g.stopping)
	}
	g.refusing.Store(true)
	return g.table.Load()
}

// retireAll lets nothing new in and returns how many exchanges each unit has.
func retireAll(units []*unit) []int64 {
	for _, u := range units {
		u.retire()
	}
	return counts(units)
}

func counts(units []*unit) []int64 {
	n := make([]int64, len(units))
	for i, u := range units {
		n[i] = u.inFlight.Load()
	}
	return n
}

// awaitAll waits until all units are empty, for at most the time given (0: no
// bound), or until ctx ends.
func awaitAll(ctx context.Context, units []*unit, most time.Duration) {
	if most > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, most)
		defer cancel()
	}
	for _, u := range units {
		select {
		case <-u.gone:
		case <-ctx.Done():
			return
		}
	}
}

func report(units []*unit, began, told, left []int64, took time.Duration) Report {
	r := Report{Took: took}
	for i, u := range units {
		if began[i] == 0 {
			continue
		}
		r.Routes = append(r.Routes, RouteReport{
			Route: u.route.Name, Finished: max(0, began[i]-told[i]), Told: max(0, told[i]-left[i]), Cut: left[i],
		})
	}
	slices.SortFunc(r.Routes, func(a, b RouteReport) int { return strings.Compare(a.Route, b.Route) })
	return r
}

func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// shutdown drains, then closes the listeners, cutting what is left. The admin
// listener goes last, so that readiness is seen to be off.
func (g *Gateway) shutdown(servers []*server) {
	ctx, cancel := context.WithTimeout(context.Background(), g.deadline)
	defer cancel()
	r := g.Drain(ctx)
	for _, admin := range []bool{false, true} {
		for _, s := range servers {
			if s.admin == admin {
				s.close()
			}
		}
	}
	if g.drained != nil {
		g.drained(r)
	}
}

// close lets connections finish what was answered already, for a moment, and
// cuts them.
func (s *server) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	<-s.ended
}

// Close ends what Apply has started: goroutines of routes are told and joined,
// idle connections are closed. What still has an exchange, or a goroutine that
// does not end, is not waited for longer than the drain's deadline.
func (g *Gateway) Close() error {
	g.closing.Do(func() {
		g.unready.Store(true)
		g.refusing.Store(true)
		if t := g.stop(); t != nil {
			units := append([]*unit{t.edge.unit}, t.routes...)
			for _, u := range units {
				u.tell()
			}
			g.retiring.retire(g, units, 0, func() {})
		}
		atMost(g.deadline, g.retiring.wait.Wait)
		if g.saver != nil {
			g.saver.close()
		}
		atMost(g.deadline, g.upstreams.close)
	})
	return nil
}

// atMost runs f and waits for it, for the time given.
func atMost(d time.Duration, f func()) {
	ended := make(chan struct{})
	go func() { defer close(ended); f() }()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ended:
	case <-t.C:
	}
}

package load

import (
	"errors"
	"net"
	"time"
)

// perConnection is how many streams a connection of HTTP/2 bears.
const perConnection = 8

// late bounds what an open loop may be behind by, in requests.
const late = 1024

// workers connects and returns what each connection has to do.
func (r *run) workers() ([]func() error, error) {
	switch {
	case r.workload.HTTP2:
		return r.streams()
	case r.workload.Rate > 0:
		return r.open()
	}
	return r.closed()
}

// closed returns the closed loop: each connection sends its next request as
// soon as it has the answer to the last one.
func (r *run) closed() ([]func() error, error) {
	return r.each(func(c *conn1, t *tally) error {
		for !r.ended() {
			began := time.Now()
			if err := c.do(); err != nil {
				return err
			}
			t.add(began)
		}
		return nil
	})
}

// open returns the open loop: requests fall due at even intervals, whatever
// becomes of those before them, and their time counts from then.
func (r *run) open() ([]func() error, error) {
	due := make(chan time.Time, late)
	all, err := r.each(func(c *conn1, t *tally) error {
		for at := range due {
			if err := c.do(); err != nil {
				return err
			}
			t.add(at)
		}
		return nil
	})
	return append(all, func() error { return r.schedule(due) }), err
}

// schedule sends the times at which requests fall due, until the run ends.
func (r *run) schedule(due chan<- time.Time) error {
	defer close(due)
	step := time.Duration(float64(time.Second) / r.workload.Rate)
	for at := time.Now(); ; at = at.Add(step) {
		if r.wait(time.Until(at)); r.ended() {
			return nil
		}
		select {
		case due <- at:
		default:
			return errors.New("the contender does not keep up with the open loop")
		}
	}
}

// each connects by HTTP/1.1 as often as the order says.
func (r *run) each(loop func(*conn1, *tally) error) ([]func() error, error) {
	var all []func() error
	for i := range r.order.Connections {
		c, err := dial1(r.order.Addr, r.workload, r.want, r.parts(i))
		if err != nil {
			return nil, err
		}
		all = append(all, r.worker(c, func(t *tally) error { return loop(c, t) }))
	}
	return all, nil
}

// streams returns the closed loop by HTTP/2.
func (r *run) streams() ([]func() error, error) {
	var all []func() error
	for i := range max(r.order.Connections/perConnection, 1) {
		c, err := dial2(r.order.Addr, r.workload, r.want, r.parts(i))
		if err != nil {
			return nil, err
		}
		all = append(all, r.worker(c, func(t *tally) error {
			return c.keep(min(perConnection, r.order.Connections), func(began time.Time) bool {
				t.add(began)
				return !r.ended()
			})
		}))
	}
	return all, nil
}

// worker closes the connection, and keeps its times, when the loop is over. A
// peer that goes silent is given up.
func (r *run) worker(c net.Conn, loop func(*tally) error) func() error {
	return func() error {
		defer func() { _ = c.Close() }()
		if err := c.SetDeadline(time.Now().Add(r.order.Warmup + r.order.Duration + 10*time.Second)); err != nil {
			return err
		}
		t := &tally{run: r}
		defer t.close()
		return loop(t)
	}
}

package listen

import (
	"net"
	"os"
	"sync"
	"time"
)

// A readDeadline joins the deadline that the server sets with the one of the
// guard: whichever is earlier holds. Both are kept by an alarm; the connection
// itself is told only of a deadline that has passed, which ends its reads.
type readDeadline struct {
	conn net.Conn

	mu      sync.Mutex
	server  time.Time // set from outside
	own     time.Time // of the read that is under way
	alarm   alarm
	reading bool
	ended   bool          // the connection was told of one that has passed
	wake    chan struct{} // made by whoever waits without reading
	closed  bool
}

// begin makes d the deadline of conn.
func (d *readDeadline) begin(conn net.Conn) {
	d.conn = conn
	d.alarm = alarm{mu: &d.mu, until: d.until, off: func() { _ = d.end() }} // a connection that is closed needs none
}

// until returns the deadline of the read that is under way.
func (d *readDeadline) until() time.Time {
	if !d.reading {
		return time.Time{}
	}
	return earlier(d.server, d.own)
}

// set is SetReadDeadline. It may be called while a read is under way, which
// then has to end by it.
func (d *readDeadline) set(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.server = t
	d.rouse()
	if d.reading {
		return d.tell()
	}
	return nil
}

// read reads, until the earlier of own and the server's deadline. ownEnded
// tells that it is own that ended it.
func (d *readDeadline) read(p []byte, own time.Time) (n int, ownEnded bool, err error) {
	if err := d.enter(own); err != nil {
		return 0, false, err
	}
	n, err = d.conn.Read(p)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reading = false
	if !timedOut(err) {
		return n, false, err
	}
	now := time.Now()
	return n, passed(own, now) && !passed(d.server, now), err
}

func (d *readDeadline) enter(own time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.own, d.reading = own, true
	err := d.tell()
	d.reading = err == nil
	return err
}

// tell has the read that is under way end by its deadline.
func (d *readDeadline) tell() error {
	t := d.until()
	if !t.IsZero() && !d.alarm.set(t) {
		return d.end()
	}
	if !d.ended {
		return nil
	}
	d.ended = false
	return d.conn.SetReadDeadline(time.Time{})
}

// end ends the reads of the connection.
func (d *readDeadline) end() error {
	if d.ended {
		return nil
	}
	d.ended = true
	return d.conn.SetReadDeadline(longAgo)
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// await waits for the server's deadline without reading: for the reader that
// can hold no more.
func (d *readDeadline) await() error {
	for {
		wake, until := d.sleep()
		now := time.Now()
		if passed(until, now) {
			return os.ErrDeadlineExceeded
		}
		var timeout <-chan time.Time
		if !until.IsZero() {
			timeout = time.After(until.Sub(now))
		}
		select {
		case _, open := <-wake:
			if !open {
				return net.ErrClosed
			}
		case <-timeout:
		}
	}
}

func (d *readDeadline) sleep() (wake <-chan struct{}, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.wake == nil {
		d.wake = make(chan struct{}, 1)
		if d.closed {
			close(d.wake)
		}
	}
	return d.wake, d.server
}

// rouse has whoever waits look again.
func (d *readDeadline) rouse() {
	if d.closed {
		return
	}
	select {
	case d.wake <- struct{}{}:
	default: // nobody waits, or is told already
	}
}

// close ends the waiting of whoever waits.
func (d *readDeadline) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed && d.wake != nil {
		close(d.wake)
	}
	d.closed = true
	d.alarm.stop()
}

// timedOut tells whether a deadline ended a read or write.
func timedOut(err error) bool {
	t, ok := err.(net.Error)
	return ok && t.Timeout()
}

func passed(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// earlier returns the earlier deadline; zero is none.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || !a.IsZero() && a.Before(b) {
		return a
	}
	return b
}

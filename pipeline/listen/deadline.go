package listen

import (
	"net"
	"os"
	"sync"
	"time"
)

// A readDeadline joins the deadline that the server sets with the one of the
// guard: whichever is earlier holds. The connection is told only when it is
// read.
type readDeadline struct {
	conn net.Conn

	mu      sync.Mutex
	server  time.Time // set from outside
	own     time.Time // of the read that is under way
	told    time.Time
	reading bool
	wake    chan struct{} // made by whoever waits without reading
	closed  bool
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

// tell sets the deadline of the connection, where it has another.
func (d *readDeadline) tell() error {
	t := earlier(d.server, d.own)
	if t.Equal(d.told) {
		return nil
	}
	d.told = t
	return d.conn.SetReadDeadline(t)
}

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

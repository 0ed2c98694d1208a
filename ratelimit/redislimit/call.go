package redislimit

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/ratelimit"
)

// A mode is what the script does with the asks.
type mode byte

const (
	spend    mode = iota
	look          // says how they stand, and spends nothing
	giveBack      // returns what was spent
	charge        // spends whatever is there
)

// A call is one call of the script. The client may keep it waiting beyond any
// deadline (while it connects, or where its queue is full), so it is made on a
// goroutine of its own, and who asked goes on without it.
type call struct {
	l     *Limiter
	conn  *connection
	users atomic.Int32 // those who use it still: who asked, and who calls
	done  chan struct{}
	timer *time.Timer

	keys, args []string
	buf        []byte
	ends       []int // of each key and argument in buf

	// What came of it. Valid once done was received from.
	answer []int64
	err    error
}

// begin starts a call of the asks.
func (l *Limiter) begin(conn *connection, m mode, asks []ratelimit.Ask) (*call, error) {
	c, err := l.take(conn)
	if err != nil {
		return nil, err
	}
	for i := range asks {
		c.putKey(tagOf(asks[i].Key), asks[i].Key)
	}
	c.putMode(m)
	for i := range asks {
		b, ok := asks[i].Bucket()
		if m == charge {
			b, ok = asks[i].Charge()
		}
		switch {
		case !ok:
			c.putBucket(-1, 0) // never passes
		case m == giveBack:
			c.putBucket(b.Depth, -b.Cost)
		default:
			c.putBucket(b.Depth, b.Cost)
		}
	}
	c.start(len(asks))
	return c, nil
}

// beginProbe starts a call that writes beside the buckets of the owner.
func (l *Limiter) beginProbe(conn *connection, tag [tagLen]byte) (*call, error) {
	c, err := l.take(conn)
	if err != nil {
		return nil, err
	}
	c.putKey(tag, "probe")
	c.putMode(spend)
	c.putBucket(time.Second, 1) // expires after a millisecond
	c.start(1)
	return c, nil
}

// take returns an empty call, unless too many are under way.
func (l *Limiter) take(conn *connection) (*call, error) {
	if l.flying.Add(1) > maxFlying {
		l.flying.Add(-1)
		return nil, errCrowded
	}
	c, ok := l.calls.Get().(*call)
	if !ok {
		c = &call{l: l, done: make(chan struct{}, 1), timer: time.NewTimer(time.Hour)}
	}
	c.conn = conn
	c.users.Store(2)
	return c, nil
}

func (c *call) putKey(tag [tagLen]byte, key string) {
	c.buf = appendKey(c.buf, c.l.prefix, tag, key)
	c.ends = append(c.ends, len(c.buf))
}

func (c *call) putMode(m mode) {
	b := byte('1')
	switch m {
	case look:
		b = '0'
	case charge:
		b = '2'
	}
	c.buf = append(c.buf, b)
	c.ends = append(c.ends, len(c.buf))
}

func (c *call) putBucket(depth, cost time.Duration) {
	for _, d := range [...]time.Duration{depth, cost} {
		c.buf = strconv.AppendInt(c.buf, int64(d), 10)
		c.ends = append(c.ends, len(c.buf))
	}
}

// start cuts keys and arguments out of one string, and calls.
func (c *call) start(keys int) {
	text, from := string(c.buf), 0
	for i, to := range c.ends {
		if i < keys {
			c.keys = append(c.keys, text[from:to])
		} else {
			c.args = append(c.args, text[from:to])
		}
		from = to
	}
	go c.run()
}

func (c *call) run() {
	defer c.leave()
	defer c.finish()
	c.answer, c.err = c.conn.script.Exec(context.Background(), c.conn.client, c.keys, c.args).AsIntSlice()
}

// finish tells who asked, also where the client panicked.
func (c *call) finish() {
	if p := recover(); p != nil {
		c.err = fmt.Errorf("redislimit: the client panicked: %v", p)
	}
	c.l.flying.Add(-1)
	c.done <- struct{}{}
}

// wait returns what became of the call, or that it is not known yet.
func (c *call) wait(ctx context.Context, timeout time.Duration) error {
	c.timer.Reset(timeout)
	defer c.timer.Stop()
	select {
	case <-c.done:
		if c.err != nil {
			return fmt.Errorf("redislimit: %w", c.err)
		}
		return nil
	case <-c.timer.C:
		return errLate
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave gives c up. The last one to do so puts it by for another call.
func (c *call) leave() {
	if c.users.Add(-1) > 0 {
		return
	}
	select {
	case <-c.done: // nobody waited for it
	default:
	}
	clear(c.keys)
	clear(c.args)
	c.keys, c.args, c.buf, c.ends = c.keys[:0], c.args[:0], c.buf[:0], c.ends[:0]
	c.conn, c.answer, c.err = nil, nil, nil
	c.l.calls.Put(c)
}

// read fills in results, and reports whether all passed.
func (c *call) read(m mode, asks []ratelimit.Ask, results []ratelimit.Result) (bool, error) {
	if len(c.answer) != 2*len(asks) {
		return false, errAnswer
	}
	pass := true
	for i := range asks {
		pass = pass && c.answer[2*i] == 1
	}
	for i := range asks {
		passes, wait := c.answer[2*i] == 1, time.Duration(c.answer[2*i+1])
		if m == charge {
			results[i] = owed(&asks[i], wait)
			continue
		}
		results[i] = resultOf(&asks[i], passes, wait, pass && m == spend)
	}
	return pass, nil
}

// resultOf returns the result of an ask that found this wait.
func resultOf(ask *ratelimit.Ask, passes bool, wait time.Duration, spent bool) ratelimit.Result {
	b, ok := ask.Bucket()
	if !ok {
		return ratelimit.Result{}
	}
	switch {
	case !passes:
		return b.Refuses(wait)
	case spent:
		wait += b.Cost
	}
	return b.Passes(wait)
}

// owed returns the result of a charge that found this wait.
func owed(ask *ratelimit.Ask, wait time.Duration) ratelimit.Result {
	b, ok := ask.Charge()
	if !ok {
		return ratelimit.Result{}
	}
	return b.Owes(wait)
}

// settle rounds what the results say of time to the clock of Redis.
func settle(results []ratelimit.Result) {
	for i := range results {
		r := &results[i]
		r.Reset, r.RetryAfter = upwards(r.Reset), upwards(r.RetryAfter)
	}
}

// upwards rounds to whole microseconds, the clock of Redis: who comes back
// after as long finds what was promised.
func upwards(d time.Duration) time.Duration {
	return (d + time.Microsecond - 1).Truncate(time.Microsecond)
}

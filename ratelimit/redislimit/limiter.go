package redislimit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/seed-f9645bd3/gateway/ratelimit"
)

// ErrUnavailable is that Redis does not answer at present. It comes at once,
// without Redis being asked; Redis is tried again in the background.
var ErrUnavailable = errors.New("redislimit: redis does not answer")

var (
	errLate    = errors.New("redislimit: redis did not answer in time")
	errCrowded = errors.New("redislimit: too many decisions wait for redis")
	errAsk     = errors.New("redislimit: an ask of a negative number")
	errAnswer  = errors.New("redislimit: the answer of redis is none of the script's")
)

// maxFlying bounds the calls that wait for an answer, those whose asker has
// gone among them.
const maxFlying = 4096

// Limiter is a ratelimit.Limiter that counts in Redis. Take returns within its
// timeout, and at once while Redis is known not to answer.
//
// Where the asks of one Take have several owners and Redis is a cluster, each
// owner's are decided by a call of their own, one after the other; where one
// refuses, those before are given back. In between, others may find them spent.
// The policy "rate_limit" asks for one owner at a time.
type Limiter struct {
	settings
	start  time.Time
	conn   atomic.Pointer[connection] // nil until there is one
	dialer *dialer                    // nil where the client was given
	lanes  [laneCount]breaker         // the first alone, where Redis is no cluster
	flying atomic.Int64
	calls  sync.Pool
	counts counters

	watches []*Watch
}

// A connection is a client with what goes with it.
type connection struct {
	client  rueidis.Client
	script  *rueidis.Lua
	cluster bool
}

// New makes a Limiter that counts with the client, which stays its owner's to
// close. Without a client nothing can be counted.
func New(client rueidis.Client, opts ...Option) *Limiter {
	l := &Limiter{settings: settingsOf(opts), start: time.Now()}
	if client != nil {
		l.adopt(client)
	}
	return l
}

func (l *Limiter) adopt(client rueidis.Client) {
	l.conn.Store(&connection{client, rueidis.NewLuaScript(takeScript), client.Mode() == rueidis.ClientModeCluster})
}

// Take implements ratelimit.Limiter. It fails where Redis did not decide, for
// a negative N and for a key of more than 512 bytes.
func (l *Limiter) Take(ctx context.Context, asks []ratelimit.Ask, results []ratelimit.Result) error {
	if len(asks) == 0 {
		return nil
	}
	err := valid(asks)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = l.decide(ctx, asks, results)
	}
	if err != nil {
		clear(results)
		l.counts.fallbacks.Add(1)
		return err
	}
	settle(results)
	l.counts.decisions.Add(1)
	return nil
}

func valid(asks []ratelimit.Ask) error {
	for i := range asks {
		if asks[i].N < 0 {
			return errAsk
		}
	}
	return keysFit(asks)
}

func keysFit(asks []ratelimit.Ask) error {
	for i := range asks {
		if len(asks[i].Key) > maxKeyBytes {
			return fmt.Errorf("redislimit: a key of %d bytes", len(asks[i].Key))
		}
	}
	return nil
}

func (l *Limiter) decide(ctx context.Context, asks []ratelimit.Ask, results []ratelimit.Result) error {
	conn := l.conn.Load()
	if conn == nil {
		l.connectSoon()
		return ErrUnavailable
	}
	if conn.cluster && !together(asks) {
		return l.takeApart(ctx, conn, asks, results)
	}
	_, err := l.ask(ctx, conn, spend, l.timeout, asks, results)
	return err
}

// ask has one call decide all asks, which a cluster keeps on one machine. It
// reports whether all pass.
func (l *Limiter) ask(ctx context.Context, conn *connection, m mode, timeout time.Duration, asks []ratelimit.Ask, results []ratelimit.Result) (bool, error) {
	tag := tagOf(asks[0].Key)
	lane := l.laneFor(conn, tag)
	if lane.open.Load() {
		l.probeIfDue(conn, lane)
		return false, ErrUnavailable
	}
	c, err := l.begin(conn, m, asks)
	if err != nil {
		return false, err
	}
	defer c.leave()
	if err := c.wait(ctx, timeout); err != nil {
		if ctx.Err() == nil {
			l.failed(lane, tag, err)
		}
		return false, err
	}
	lane.succeeded()
	return c.read(m, asks, results)
}

func (l *Limiter) laneFor(conn *connection, tag [tagLen]byte) *breaker {
	if conn.cluster {
		return &l.lanes[laneOf(tag)]
	}
	return &l.lanes[0]
}

func (l *Limiter) failed(lane *breaker, tag [tagLen]byte, err error) {
	l.counts.errors.Add(1)
	lane.tag.Store(&tag)
	if lane.failed(time.Since(l.start), l.pause) {
		l.counts.outages.Add(1)
		l.log.Warn("redis is not asked for limits any more", "err", err)
	}
}

// probeIfDue tries Redis in the background, where the last try was a while ago.
func (l *Limiter) probeIfDue(conn *connection, lane *breaker) {
	if lane.due(time.Since(l.start), l.pause) {
		go l.probe(conn, lane)
	}
}

// probe makes a decision that nobody waits for, on the machine that failed. It
// writes, for a Redis that can only be read cannot count.
func (l *Limiter) probe(conn *connection, lane *breaker) {
	c, err := l.beginProbe(conn, *lane.tag.Load())
	if err == nil {
		defer c.leave()
		err = c.wait(context.Background(), l.timeout)
	}
	if err != nil {
		l.counts.errors.Add(1)
		return
	}
	lane.close()
	l.log.Info("redis is asked for limits again")
}

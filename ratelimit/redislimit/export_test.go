package redislimit

import (
	"fmt"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// A Clock stands still until it is advanced: limiters of a real Redis go by it
// in place of the clock of Redis. Keys live on.
type Clock struct {
	since    time.Duration
	limiters []*Limiter
}

// Limiter makes a limiter that goes by c.
func (c *Clock) Limiter(client rueidis.Client, opts ...Option) *Limiter {
	l := New(client, opts...)
	c.limiters = append(c.limiters, l)
	c.Advance(0)
	return l
}

// Advance moves the clock of all its limiters.
func (c *Clock) Advance(d time.Duration) {
	c.since += d
	now := time.Unix(1_800_000_000, 0).Add(c.since)
	literal := fmt.Sprintf("{'%d', '%d'}", now.Unix(), now.Nanosecond()/1000)
	script := strings.Replace(takeScript, "redis.call('TIME')", literal, 1)
	script = strings.Replace(script, "math.ceil(wait / 1e6)", "3600000", 1)
	for _, l := range c.limiters {
		conn := *l.conn.Load()
		conn.script = rueidis.NewLuaScript(script)
		l.conn.Store(&conn)
	}
}

package redislimit

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// Dial connects to the Redis of the URL:
//
//	redis://[[user:]password@]host[:port][/database]
//	rediss://...                     over TLS, the names of servers verified
//	...?addr=host:port&addr=...      further machines of a cluster, or sentinels
//	...?master_set=name              the set that the sentinels watch
//	...?ca=file.pem                  with rediss: who signs the servers
//
// Errors never say the password.
func Dial(url string) (rueidis.Client, error) {
	option, err := parse(url)
	if err != nil {
		return nil, err
	}
	return connect(option)
}

func connect(option rueidis.ClientOption) (rueidis.Client, error) {
	client, err := rueidis.NewClient(option)
	if err != nil {
		if client != nil {
			client.Close()
		}
		return nil, fmt.Errorf("redislimit: connect to %v: %w", option.InitAddress, err)
	}
	return client, nil
}

// Open makes a Limiter with a client of its own for the URL, as Dial knows it.
// It connects in the background, and tries again until it has: until then
// nothing can be counted. Close closes the client.
func Open(url string, opts ...Option) (*Limiter, error) {
	l, err := open(url, opts...)
	if err != nil {
		return nil, err
	}
	l.connectSoon()
	return l, nil
}

// open is Open that does not begin to connect.
func open(url string, opts ...Option) (*Limiter, error) {
	option, err := parse(url)
	if err != nil {
		return nil, err
	}
	l := New(nil, opts...)
	l.dialer = &dialer{open: func() (rueidis.Client, error) { return connect(option) }}
	return l, nil
}

// A dialer makes the client of a Limiter.
type dialer struct {
	open  func() (rueidis.Client, error)
	next  atomic.Int64 // when it may be tried again, in nanoseconds since the limiter was made
	tried atomic.Bool

	mu     sync.Mutex // held while it is tried
	closed bool
}

// connectSoon tries to connect in the background, where the last try was a
// while ago.
func (l *Limiter) connectSoon() {
	d := l.dialer
	if d == nil {
		return
	}
	now, next := int64(time.Since(l.start)), d.next.Load()
	if now >= next && d.next.CompareAndSwap(next, now+int64(l.pause)) {
		go l.connect()
	}
}

// connect tries to, unless somebody else is at it.
func (l *Limiter) connect() {
	d := l.dialer
	if !d.mu.TryLock() {
		return
	}
	defer d.mu.Unlock()
	if d.closed || l.conn.Load() != nil {
		return
	}
	defer d.tried.Store(true)
	client, err := d.open()
	if err != nil {
		l.counts.errors.Add(1)
		if !d.tried.Load() {
			l.log.Warn("redis cannot be asked for limits yet", "err", err)
		}
		return
	}
	l.adopt(client)
}

// Close closes the client of a Limiter that Open made. That of New is its
// owner's.
func (l *Limiter) Close() error {
	for _, w := range l.watches {
		w.leave(l)
	}
	d := l.dialer
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if conn := l.conn.Swap(nil); conn != nil {
		conn.client.Close()
	}
	return nil
}

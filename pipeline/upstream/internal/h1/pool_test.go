package h1

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

// idle returns how many connections are idle.
func (p *Pool) idleNow() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle)
}

func (p *Pool) waitingNow() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}

func TestAnOriginThatSpeaksOutOfTurnIsDropped(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	p := newPool(t, settings(l.Addr().String()))
	type dialed struct {
		c   *Conn
		err error
	}
	got := make(chan dialed, 1)
	go func() {
		c, err := p.Get(t.Context(), time.Time{}, false)
		got <- dialed{c, err}
	}()
	origin, err := l.Accept()
	require.NoError(t, err)
	defer func() { _ = origin.Close() }()
	first := <-got
	require.NoError(t, first.err)
	first.c.Begin(t.Context(), time.Time{})
	first.c.Unused()
	require.Equal(t, 1, p.idleNow())
	_, err = origin.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return !first.c.quiet() }, patient, time.Millisecond)
	second, err := p.Get(t.Context(), time.Time{}, false)
	require.NoError(t, err)
	require.NotSame(t, first.c, second)
	require.Zero(t, p.idleNow())
	second.Drop()
}

func TestAConnectionIsReusedTheLastOneFirst(t *testing.T) {
	t.Parallel()
	s := play(t, 0, ok)
	p := newPool(t, settings(s.address))
	a, b := take(t, p), take(t, p)
	a.Unused()
	b.Unused()
	require.Same(t, b, take(t, p))
	require.Same(t, a, take(t, p))
	a.Drop()
	b.Drop()
	a.Drop() // a second time means nothing
	require.Zero(t, p.open)
}

// take takes a connection for an exchange without a request.
func take(t testing.TB, p *Pool) *Conn {
	t.Helper()
	c, err := p.Get(t.Context(), time.Time{}, false)
	require.NoError(t, err)
	c.Begin(t.Context(), time.Time{})
	return c
}

func TestWhatIsTooOldIsNotUsed(t *testing.T) {
	t.Parallel()
	for name, alter := range map[string]func(s *Settings){
		"idle for too long": func(s *Settings) { s.Idle = 20 * time.Millisecond },
		"of too great age":  func(s *Settings) { s.MaxAge = 20 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, 0, ok)
			c := settings(s.address)
			alter(&c)
			p := newPool(t, c)
			for range 2 {
				get(t, p, http.MethodGet)
				<-time.After(30 * time.Millisecond)
			}
			require.Equal(t, int64(2), s.conns.Load())
		})
	}
}

func TestIdleConnectionsAreClosedInTime(t *testing.T) {
	t.Parallel()
	s := play(t, 0, ok)
	c := settings(s.address)
	c.Idle, c.MaxIdle = 20*time.Millisecond, 2
	p := newPool(t, c)
	conns := []*Conn{take(t, p), take(t, p), take(t, p)}
	for _, c := range conns {
		c.Unused()
	}
	require.LessOrEqual(t, p.idleNow(), 2, "the third is one too many")
	require.Eventually(t, func() bool {
		p.sweeper.mu.Lock()
		defer p.sweeper.mu.Unlock()
		return p.idleNow() == 0 && len(p.sweeper.conns) == 0
	}, patient, time.Millisecond)
}

func TestWhoWaitsLongestIsServedFirst(t *testing.T) {
	t.Parallel()
	s := play(t, 0, ok)
	c := settings(s.address)
	c.Max = 1
	p := newPool(t, c)
	held := take(t, p)
	served := make(chan int, 3)
	for i := range 3 {
		go func() {
			c, err := p.Get(t.Context(), time.Time{}, false)
			if err != nil {
				t.Error(err)
				return
			}
			served <- i
			c.Begin(t.Context(), time.Time{})
			if i == 1 {
				c.Drop() // the next one gets leave to make another
			} else {
				c.Unused()
			}
		}()
		require.Eventually(t, func() bool { return p.waitingNow() == i+1 }, patient, time.Millisecond)
	}
	held.Unused()
	for i := range 3 {
		require.Equal(t, i, <-served)
	}
	require.Eventually(t, func() bool { return s.conns.Load() == 2 }, patient, time.Millisecond)
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	s := play(t, 0, ok)
	c := settings(s.address)
	c.Max, c.Patience = 1, 30*time.Millisecond
	p := newPool(t, c)
	held := take(t, p)
	_, err := p.Get(t.Context(), time.Time{}, false)
	require.ErrorIs(t, err, ErrNoPlace, "when patience is over")
	_, err = p.Get(t.Context(), time.Now().Add(time.Millisecond), false)
	require.ErrorIs(t, err, ErrNoPlace, "when the time is over")
	ctx, leave := context.WithCancel(t.Context())
	leave()
	_, err = p.Get(ctx, time.Time{}, false)
	require.ErrorIs(t, err, context.Canceled, "when the client leaves")
	require.Zero(t, p.waitingNow())
	held.Unused()
	require.Same(t, held, take(t, p), "nothing was lost to those who left")
	held.Drop()
}

func TestAFreshConnectionTakesThePlaceOfAnIdleOne(t *testing.T) {
	t.Parallel()
	s := play(t, 0, ok)
	c := settings(s.address)
	c.Max = 1
	p := newPool(t, c)
	old := take(t, p)
	old.Unused()
	fresh, err := p.Get(t.Context(), time.Time{}, true)
	require.NoError(t, err)
	require.NotSame(t, old, fresh)
	require.False(t, fresh.reused)
	fresh.Drop()
	require.Zero(t, p.open)
}

func TestARetiredPoolKeepsNothing(t *testing.T) {
	t.Parallel()
	s := play(t, 0, ok)
	p := newPool(t, settings(s.address))
	a, b := take(t, p), take(t, p)
	a.Unused()
	p.Retire()
	require.Zero(t, p.idleNow())
	b.Unused()
	require.Zero(t, p.idleNow())
	get(t, p, http.MethodGet) // what was begun goes on
	require.Zero(t, p.open)
}

func TestNoConnection(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	p := newPool(t, settings(l.Addr().String()))
	_, err = p.Get(t.Context(), time.Time{}, false)
	var dial *DialError
	require.ErrorAs(t, err, &dial)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	_, err = p.Get(ctx, time.Time{}, false)
	require.ErrorIs(t, err, context.Canceled)
	_, err = p.Get(t.Context(), time.Now().Add(-time.Second), false)
	require.ErrorIs(t, err, ErrLate)
	require.Zero(t, p.open)
}

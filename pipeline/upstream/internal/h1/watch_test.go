package h1

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mute is a backend that takes every request and says nothing.
func mute(t testing.TB) (address string, accepted chan net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	accepted = make(chan net.Conn, 100)
	ended := make(chan struct{})
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
		for len(accepted) > 0 {
			_ = (<-accepted).Close()
		}
	})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	return l.Addr().String(), accepted
}

func TestWhatIsLateIsEnded(t *testing.T) {
	t.Parallel()
	address, _ := mute(t)
	p := newPool(t, settings(address))
	for _, left := range []time.Duration{time.Millisecond, 30 * time.Millisecond, 70 * time.Millisecond, 230 * time.Millisecond} {
		c, err := p.Get(t.Context(), time.Time{}, false)
		require.NoError(t, err)
		begun := time.Now()
		_, err = askOn(t.Context(), c, "GET", begun.Add(left))
		require.ErrorIs(t, err, ErrLate)
		require.GreaterOrEqual(t, time.Since(begun), left, "not before its time")
		require.Less(t, time.Since(begun), left+patient)
	}
	require.Zero(t, p.open, "what was ended serves no more")
}

func TestAClientThatLeavesIsKnownToTheBackend(t *testing.T) {
	t.Parallel()
	address, accepted := mute(t)
	p := newPool(t, settings(address))
	for _, stays := range []time.Duration{0, 50 * time.Millisecond} {
		ctx, leave := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := ask(ctx, p, "GET")
			failed <- err
		}()
		backend := <-accepted
		_, err := readHead(newReader(backend))
		require.NoError(t, err)
		<-time.After(stays)
		leave()
		_, err = backend.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		require.ErrorIs(t, <-failed, context.Canceled)
		require.NoError(t, backend.Close())
	}
}

func TestAKickThatComesTooLateEndsTheConnection(t *testing.T) {
	t.Parallel()
	s := play(t, 0, ok)
	p := newPool(t, settings(s.address))
	c := take(t, p)
	c.late(c.watch.turn)
	require.NoError(t, c.Why(), "nothing was due")
	c.fail(c.watch.turn-1, io.EOF)
	require.NoError(t, c.Why(), "meant for another exchange")
	c.fail(c.watch.turn, io.EOF)
	c.fail(c.watch.turn, io.ErrClosedPipe)
	require.ErrorIs(t, c.Why(), io.EOF, "the first cause counts")
	c.Unused()
	require.Zero(t, p.idleNow())
	require.Zero(t, p.open)

	ctx, leave := context.WithCancel(t.Context())
	c, err := p.Get(t.Context(), time.Time{}, false)
	require.NoError(t, err)
	c.Begin(ctx, time.Time{})
	c.look(p.sweeper.now())
	c.look(p.sweeper.now())
	require.NotNil(t, c.watch.stop, "tied to its context")
	leave()
	c.Unused()
	require.Zero(t, p.idleNow(), "ended in the last moment")
}

func TestABackendThatTakesNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	address, _ := mute(t)
	s := settings(address)
	s.Stall = 100 * time.Millisecond
	p := newPool(t, s)
	c := take(t, p)
	h := c.Head()
	h.Begin("PUT")
	h.Target("", "/", "", false)
	h.Host("a.test")
	h.Length(64 << 20)
	require.NoError(t, h.End())
	require.Error(t, c.Send(make([]byte, 64<<20)))
	require.ErrorIs(t, c.Why(), ErrStalled)
	require.True(t, c.Sent())
	c.Drop()
}

func TestASweeperRestsAndWakes(t *testing.T) {
	t.Parallel()
	s := play(t, 0, ok)
	p := newPool(t, settings(s.address))
	for range 2 {
		get(t, p, "GET")
		require.True(t, p.sweeper.running.Load())
		require.Eventually(t, func() bool { return !p.sweeper.running.Load() }, patient, 10*time.Millisecond)
	}
	require.Equal(t, int64(1), s.conns.Load())
}

func TestAnAnswerMayBeClosedAtAnyTime(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
	for _, c := range []struct {
		name, sent string
		kept       int
	}{
		{"where nothing of it is there", head, 0},
		{"where part of it is there", head + "01234", 0},
		{"where all of it is there", head + "0123456789", 1},
		{"where all of it is there, in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n0\r\n\r\n", 1},
		{"where its last chunk is not there", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPool(t, settings(play(t, 0, c.sent).address))
			a, err := ask(t.Context(), p, "GET")
			require.NoError(t, err)
			require.NoError(t, a.Resp.Body.Close())
			require.NoError(t, a.Resp.Body.Close())
			require.Equal(t, c.kept, p.idleNow())
			_, err = a.Resp.Body.Read(make([]byte, 1))
			require.ErrorIs(t, err, ErrClosed)
		})
	}
	t.Run("while somebody waits for it", func(t *testing.T) {
		t.Parallel()
		p := newPool(t, settings(play(t, 0, head+"01234").address))
		a, err := ask(t.Context(), p, "GET")
		require.NoError(t, err)
		_, err = io.ReadFull(a.Resp.Body, make([]byte, 5))
		require.NoError(t, err)
		failed := make(chan error, 1)
		go func() {
			_, err := a.Resp.Body.Read(make([]byte, 5))
			failed <- err
		}()
		require.Eventually(t, func() bool { return a.state.Load() == reading }, patient, time.Millisecond)
		require.NoError(t, a.Resp.Body.Close())
		require.Error(t, <-failed)
		require.Zero(t, p.open)
	})
}

// A slowBody hands out its pieces, and its error at the end.
type slowBody struct {
	pieces []string
	err    error
	closed chan struct{}
	wait   chan struct{} // before the error; nil where there is no wait
}

func (b *slowBody) Read(p []byte) (int, error) {
	if len(b.pieces) > 0 {
		n := copy(p, b.pieces[0])
		if b.pieces[0] = b.pieces[0][n:]; b.pieces[0] == "" {
			b.pieces = b.pieces[1:]
		}
		return n, nil
	}
	if b.wait != nil {
		<-b.wait
	}
	return 0, b.err
}

func (b *slowBody) Close() error { close(b.closed); return nil }

func TestHowABodyIsSent(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for _, c := range []struct {
		name   string
		pieces []string
		err    error
		length int64
		want   string
		fails  error
	}{
		{"of a length", []string{"hel", "lo"}, io.EOF, 5, "hello", nil},
		{"of a length, and no more than that", []string{"hello, world"}, io.EOF, 5, "hello", nil},
		{"in chunks", []string{"hel", "lo, world, and"}, io.EOF, -1, "3\r\nhel\r\ne\r\nlo, world, and\r\n0\r\nX-A: 1\r\n\r\n", nil},
		{"in chunks, none", nil, io.EOF, -1, "0\r\nX-A: 1\r\n\r\n", nil},
		{"shorter than its length", []string{"hel"}, io.EOF, 5, "hel", ErrShortBody},
		{"broken", []string{"hel"}, boom, 5, "hel", boom},
		{"broken in chunks", []string{"hel"}, boom, -1, "3\r\nhel\r\n", boom},
		{"one that brings nothing", nil, nil, -1, "", io.ErrNoProgress},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, accepted := mute(t)
			p := newPool(t, settings(address))
			conn := take(t, p)
			body := &slowBody{pieces: c.pieces, err: c.err, closed: make(chan struct{})}
			s := conn.Stream(Stream{
				Body: body, Length: c.length, HeadWithin: time.Minute,
				Trailer: map[string][]string{"X-A": {"1"}, "X-B": {"a\r\nb"}, "X:C": {"1"}, "X-D": nil},
			})
			<-body.closed
			<-s.done
			require.Equal(t, c.fails == nil, s.complete())
			require.ErrorIs(t, s.Err(), c.fails)
			require.ErrorIs(t, conn.Why(), c.fails, "half a request is ended")
			s.Join()
			conn.Drop()
			backend := <-accepted
			got, _ := io.ReadAll(backend)
			require.Equal(t, c.want, string(got))
			require.NoError(t, backend.Close())
		})
	}
}

func TestAPanicOfABodyIsItsFailure(t *testing.T) {
	t.Parallel()
	address, _ := mute(t)
	conn := take(t, newPool(t, settings(address)))
	s := conn.Stream(Stream{Body: io.NopCloser(panicking{}), Length: -1})
	<-s.done
	require.ErrorContains(t, s.Err(), "boom")
	conn.Drop()
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("boom") }

func TestASenderIsJoinedAlsoWhereItsClientIsSilent(t *testing.T) {
	t.Parallel()
	address, _ := mute(t)
	conn := take(t, newPool(t, settings(address)))
	reads, writes := io.Pipe()
	s := conn.Stream(Stream{Body: reads, Length: -1})
	_, err := writes.Write([]byte("part"))
	require.NoError(t, err)
	require.False(t, s.complete())
	s.Join()
	_, err = writes.Write([]byte("more"))
	require.ErrorIs(t, err, io.ErrClosedPipe, "the body is closed")
	conn.Drop()
}

func TestABodyWaitsToBeAskedFor(t *testing.T) {
	t.Parallel()
	address, accepted := mute(t)
	p := newPool(t, settings(address))
	begin := func() (*Conn, *Sender, *slowBody) {
		conn := take(t, p)
		body := &slowBody{pieces: []string{"hello"}, err: io.EOF, closed: make(chan struct{})}
		return conn, conn.Stream(Stream{Body: body, Length: 5, Expect: true}), body
	}
	conn, s, body := begin()
	s.Final()
	<-body.closed
	require.Equal(t, []string{"hello"}, body.pieces, "the answer came first: it was not read")
	require.False(t, s.complete())
	conn.Drop()

	conn, s, body = begin()
	s.Proceed()
	s.Final()
	<-body.closed
	require.Empty(t, body.pieces)
	require.True(t, s.complete())
	conn.Drop()

	begun := time.Now()
	conn, s, body = begin() // a backend that does not know Expect
	<-body.closed
	require.Empty(t, body.pieces)
	require.GreaterOrEqual(t, time.Since(begun), proceedAfter)
	require.True(t, s.complete())
	conn.Drop()
	for range 3 {
		require.NoError(t, (<-accepted).Close())
	}
}

func TestNothingIsSentThatReadsAsSomethingElse(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(h *Head){
		"a method with a space":  func(h *Head) { h.Begin("GET /a HTTP/1.1\r\n") },
		"a target with a space":  func(h *Head) { h.Begin("GET"); h.Target("", "/a b", "", false) },
		"a query with a CR LF":   func(h *Head) { h.Begin("GET"); h.Target("", "/a", "b\r\nX: c", true) },
		"a host with a CR LF":    func(h *Head) { h.Begin("GET"); h.Host("a\r\nX: b") },
		"a name with a colon":    func(h *Head) { h.Begin("GET"); h.Field("X: a", "b") },
		"no name":                func(h *Head) { h.Begin("GET"); h.Field("", "b") },
		"a value with a CR LF":   func(h *Head) { h.Begin("GET"); h.Field("X", "a\r\nY: b") },
		"a value with a NUL":     func(h *Head) { h.Begin("GET"); h.Field("X", "a\x00b") },
		"a trailer with a space": func(h *Head) { h.Begin("GET"); h.Chunked(map[string][]string{"X Y": nil}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var h Head
			write(&h)
			require.ErrorIs(t, h.End(), ErrField)
			h.Begin("GET")
			require.NoError(t, h.End(), "the next one begins anew")
			require.False(t, strings.Contains(string(h.buf), "X"))
		})
	}
}

func TestAHeadWaitsForTheFirstPieceOfItsBody(t *testing.T) {
	t.Parallel()
	for name, silent := range map[string]bool{"and goes out with it": false, "but not for a silent client": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, accepted := mute(t)
			conn := take(t, newPool(t, settings(address)))
			backend := <-accepted
			h := conn.Head()
			h.Begin("PUT")
			h.Target("", "/", "", false)
			h.Length(5)
			require.NoError(t, h.End())
			conn.Hold()
			require.False(t, conn.Sent())
			reads, writes := io.Pipe()
			s := conn.Stream(Stream{Body: reads, Length: 5})
			const head = "PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\n"
			got := make([]byte, len(head)+5)
			if silent {
				_, err := io.ReadFull(backend, got[:len(head)])
				require.NoError(t, err)
				require.True(t, conn.Sent())
			}
			_, err := writes.Write([]byte("hello"))
			require.NoError(t, err)
			if silent {
				_, err = io.ReadFull(backend, got[len(head):])
			} else {
				_, err = io.ReadFull(backend, got)
			}
			require.NoError(t, err)
			require.Equal(t, head+"hello", string(got))
			require.True(t, s.complete())
			conn.Drop()
			require.NoError(t, backend.Close())
		})
	}
}

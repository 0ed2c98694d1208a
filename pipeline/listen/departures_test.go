package listen_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// A waiting handler tells of each request that it has begun, and answers it
// when it is let go, unless its context ends before that.
type waiting struct {
	begun chan string
	let   chan struct{}
	ended chan error
}

func newWaiting() *waiting {
	return &waiting{make(chan string, 8), make(chan struct{}, 8), make(chan error, 8)}
}

func (h *waiting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	h.begun <- r.URL.Path
	select {
	case <-r.Context().Done():
		h.ended <- r.Context().Err()
	case <-h.let:
		_, _ = io.WriteString(w, r.URL.Path)
	}
}

// left requires that the context of the request under way ends.
func (h *waiting) left(t *testing.T) {
	t.Helper()
	select {
	case err := <-h.ended:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(time.Minute):
		require.Fail(t, "nobody learned that the client had left")
	}
}

const (
	getA  = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
	getB  = "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"
	postA = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
	chunk = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
)

// both runs f on a connection by TCP and on one by TLS.
func both(t *testing.T, f func(t *testing.T, h *waiting, conn client)) {
	t.Parallel()
	server, trusts := secured(t, "http/1.1")
	t.Run("TCP", func(t *testing.T) {
		t.Parallel()
		h := newWaiting()
		f(t, h, dialed(t, serve(t, h, listen.Config{}), nil))
	})
	t.Run("TLS", func(t *testing.T) {
		t.Parallel()
		h := newWaiting()
		f(t, h, dialed(t, serve(t, h, listen.Config{TLS: server}), trusts))
	})
}

// A client speaks over a connection that it can break.
type client struct {
	net.Conn
	tcp *net.TCPConn
	in  *bufio.Reader
}

func dialed(t *testing.T, addr string, trusts *tls.Config) client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	c := client{Conn: conn, tcp: conn.(*net.TCPConn)}
	if trusts != nil {
		c.Conn = tls.Client(conn, trusts)
	}
	c.in = bufio.NewReader(c.Conn)
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
	return c
}

// silent has the client say that it says no more.
func (c client) silent(t *testing.T) {
	t.Helper()
	require.NoError(t, c.Conn.(interface{ CloseWrite() error }).CloseWrite())
	if c.Conn != net.Conn(c.tcp) {
		require.NoError(t, c.tcp.CloseWrite())
	}
}

// broken breaks the connection.
func (c client) broken(t *testing.T) {
	t.Helper()
	require.NoError(t, c.tcp.SetLinger(0))
	require.NoError(t, c.tcp.Close())
}

func (c client) answered(t *testing.T, want string) {
	t.Helper()
	resp, err := http.ReadResponse(c.in, nil)
	require.NoError(t, err)
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

func TestAClientThatLeavesIsNotAnsweredAnyMore(t *testing.T) {
	both(t, func(t *testing.T, h *waiting, c client) {
		for _, request := range []string{getA, postA, chunk} { // one connection, kept
			write(t, c, request)
			require.Equal(t, "/a", <-h.begun)
			h.let <- struct{}{}
			c.answered(t, "/a")
		}
		write(t, c, getA)
		<-h.begun
		require.NoError(t, c.tcp.Close())
		h.left(t)
	})
}

func TestAClientThatBreaksTheConnectionIsNotAnsweredAnyMore(t *testing.T) {
	both(t, func(t *testing.T, h *waiting, c client) {
		write(t, c, postA)
		<-h.begun
		c.broken(t)
		h.left(t)
	})
}

// It does so with net/http's own watch, and with others.
func TestAClientThatSaysNoMoreHasLeft(t *testing.T) {
	both(t, func(t *testing.T, h *waiting, c client) {
		write(t, c, getA)
		<-h.begun
		c.silent(t)
		h.left(t)
	})
}

func TestAClientThatSaysNoMoreInTheSamePacketHasLeft(t *testing.T) {
	both(t, func(t *testing.T, h *waiting, c client) {
		write(t, c, getA)
		c.silent(t)
		h.left(t)
	})
}

func TestWhatWasSentAheadIsAnsweredThoughTheClientSaysNoMore(t *testing.T) {
	for _, at := range []string{"with the request", "after it"} {
		t.Run(at, func(t *testing.T) {
			both(t, func(t *testing.T, h *waiting, c client) {
				if at == "after it" {
					write(t, c, getA)
					require.Equal(t, "/a", <-h.begun)
					write(t, c, getB)
				} else {
					write(t, c, getA+getB)
					require.Equal(t, "/a", <-h.begun)
				}
				c.silent(t)
				h.let <- struct{}{}
				c.answered(t, "/a")
				require.Equal(t, "/b", <-h.begun)
				h.left(t) // nothing is ahead of this one
			})
		})
	}
}

func TestAClientThatBreaksTheConnectionLeavesWithWhatItSentAhead(t *testing.T) {
	t.Parallel()
	h := newWaiting()
	c := dialed(t, serve(t, h, listen.Config{}), nil)
	write(t, c, getA)
	<-h.begun
	write(t, c, getB)
	c.broken(t)
	h.left(t)
}

// What the watch holds of a connection is gone with it: goleak sees a watch that
// does not end.
func TestConnectionsThatAreTakenOverAreWatchedNoMore(t *testing.T) {
	t.Parallel()
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		said, _ := io.ReadAll(rw) // up to the half-close
		_, _ = conn.Write(said)
	}), listen.Config{})
	tunnel := dialed(t, server, nil)
	write(t, tunnel, "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	resp, err := http.ReadResponse(tunnel.in, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
	write(t, tunnel, "still here")
	require.NoError(t, tunnel.tcp.CloseWrite())
	said, err := io.ReadAll(tunnel.in)
	require.NoError(t, err)
	require.Equal(t, "still here", string(said))
}

func TestManyWhoLeaveAtOnceAreAllNoticed(t *testing.T) {
	t.Parallel()
	const clients = 300
	begun, ended := make(chan struct{}, clients), make(chan struct{}, clients)
	addr := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-r.Context().Done()
		ended <- struct{}{}
	}), listen.Config{})
	var all []client
	for range clients {
		c := dialed(t, addr, nil)
		write(t, c, getA)
		all = append(all, c)
	}
	for range clients {
		<-begun
	}
	for _, c := range all {
		require.NoError(t, c.Close())
	}
	for range clients {
		select {
		case <-ended:
		case <-time.After(time.Minute):
			require.Fail(t, "somebody left unnoticed")
		}
	}
}

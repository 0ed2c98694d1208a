package listen_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// asked sends a request on a connection that stays open, behind what stands
// before it, and tells whether it was answered.
func asked(t testing.TB, conn net.Conn, before string) bool {
	t.Helper()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, _ = io.WriteString(conn, before+"GET / HTTP/1.1\r\nHost: h\r\n\r\n") // what reads tells
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		var timeout net.Error
		require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "refused connections are closed at once")
		return false
	}
	require.Equal(t, http.StatusOK, resp.StatusCode)
	return true
}

// open opens a connection that stays so until the end of the test, and is
// answered or not.
func open(t testing.TB, addr, before string) (net.Conn, bool) {
	t.Helper()
	conn := dial(t, addr)
	t.Cleanup(func() { _ = conn.Close() })
	return conn, asked(t, conn, before)
}

// comesBack holds that a connection is answered again, soon.
func comesBack(t testing.TB, addr, before string) {
	t.Helper()
	require.Eventually(t, func() bool { _, ok := open(t, addr, before); return ok }, time.Minute, time.Millisecond)
}

// noted passes on the codes of refusals, as many as there is room for.
func noted(codes chan<- string) func(net.Addr, string) {
	return func(_ net.Addr, code string) {
		select {
		case codes <- code:
		default:
		}
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	codes := make(chan string, 64)
	addr := serve(t, &witness{}, listen.Config{MaxConnections: 3, MaxConnectionsPerAddress: -1, Refused: noted(codes)})
	first, ok := open(t, addr, "")
	require.True(t, ok)
	for range 2 {
		_, ok = open(t, addr, "")
		require.True(t, ok)
	}
	_, ok = open(t, addr, "")
	require.False(t, ok)
	require.Equal(t, listen.CodeConnections, <-codes)
	require.True(t, asked(t, first, ""), "those that are open go on")
	require.NoError(t, first.Close())
	comesBack(t, addr, "")
}

func TestConnectionsOfATunnelCountUntilItsEnd(t *testing.T) {
	t.Parallel()
	taken := make(chan net.Conn, 1)
	addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/tunnel" {
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			taken <- conn
		}
	}), listen.Config{MaxConnections: 1})
	conn := dial(t, addr)
	defer func() { _ = conn.Close() }()
	_, err := io.WriteString(conn, "GET /tunnel HTTP/1.1\r\nHost: h\r\n\r\n")
	require.NoError(t, err)
	tunnel := <-taken
	_, ok := open(t, addr, "")
	require.False(t, ok)
	require.NoError(t, tunnel.Close())
	comesBack(t, addr, "")
}

func TestConnectionsOfOneClientAreBounded(t *testing.T) {
	t.Parallel()
	codes := make(chan string, 64)
	addr := serve(t, &witness{}, listen.Config{MaxConnections: 8, Refused: noted(codes)})
	first, ok := open(t, addr, "")
	require.True(t, ok)
	_, ok = open(t, addr, "")
	require.True(t, ok, "a quarter of all")
	_, ok = open(t, addr, "")
	require.False(t, ok)
	require.Equal(t, listen.CodeConnections, <-codes)
	require.NoError(t, first.Close())
	comesBack(t, addr, "")
}

func TestTheClientOfAProxyIsTheOneThatCounts(t *testing.T) {
	t.Parallel()
	addr := serve(t, &witness{}, listen.Config{
		MaxConnectionsPerAddress: 1, Proxy: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	v4 := func(client string) string { return fmt.Sprintf("PROXY TCP4 %s 10.0.0.1 4711 443\r\n", client) }
	v6 := func(client string) string { return fmt.Sprintf("PROXY TCP6 %s 2001:db8::1 4711 443\r\n", client) }
	for _, c := range []struct {
		name, header string
		ok           bool
	}{
		{"a client", v4("192.0.2.1"), true},
		{"the same once more", v4("192.0.2.1"), false},
		{"another one", v4("192.0.2.2"), true},
		{"one of IPv6", v6("2001:db8:1:1::1"), true},
		{"an address beside it", v6("2001:db8:1:1:ffff::2"), false},
		{"another network", v6("2001:db8:1:2::1"), true},
		{"a client of IPv4 in the form of IPv6", v6("::ffff:192.0.2.1"), false},
		{"the proxy itself", "PROXY UNKNOWN\r\n", true},
	} {
		_, ok := open(t, addr, c.header)
		require.Equal(t, c.ok, ok, c.name)
	}
}

func TestWhatNeverGotReadyCountsNoMore(t *testing.T) {
	t.Parallel()
	server, client := secured(t)
	addr := serve(t, &witness{}, listen.Config{TLS: server, MaxConnections: 2, MaxConnectionsPerAddress: 2})
	for range 8 {
		conn := dial(t, addr)
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	}
	require.Eventually(t, func() bool {
		conn, err := tls.Dial("tcp", addr, client)
		if err != nil {
			return false
		}
		defer func() { _ = conn.Close() }()
		return asked(t, conn, "")
	}, time.Minute, time.Millisecond)
}

// BenchmarkConnections is what a bound costs a connection.
func BenchmarkConnections(b *testing.B) {
	enter := listen.Counting(1000, 100)
	client := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4711}
	b.ReportAllocs()
	for b.Loop() {
		enter(client)()
	}
}

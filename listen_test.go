package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// raw sends bytes on a connection of their own and returns all that comes back.
func raw(t *testing.T, addr, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	answer, _ := io.ReadAll(conn) // a reset ends it too
	return string(answer)
}

func TestListenersAreGuarded(t *testing.T) {
	t.Parallel()
	var seen counter
	g, err := gateway.New(standardKinds(), gateway.Listen("127.0.0.1:0"), gateway.Upstream("b", &seen),
		gateway.Snapshot(snapshot("1", public("one", "/one", "b"))))
	require.NoError(t, err)
	end := running(t, g)
	addr := awaitAddr(t, g)
	smuggled := "POST /one HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /one HTTP/1.1\r\nHost: h\r\n\r\n"
	answer := raw(t, addr, smuggled)
	require.True(t, strings.HasPrefix(answer, "HTTP/1.1 400 "), answer)
	require.Equal(t, 1, strings.Count(answer, "HTTP/1.1"), "nothing behind it is read as a request")
	require.True(t, strings.HasPrefix(raw(t, addr, "GET /one HTTP/1.1\nHost: h\n\n"), "HTTP/1.1 400 "), "bare line feeds")
	require.Zero(t, seen.n.Load(), "the backend sees nothing of it")
	resp, err := http.Get("http://" + addr + "/one")
	require.NoError(t, err)
	require.Equal(t, "seen", drain(resp.Body))
	require.NoError(t, end())
}

func TestProxiesAreDeclared(t *testing.T) {
	t.Parallel()
	addresses := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("X-Forwarded-For"))
	})
	g, err := gateway.New(standardKinds(), gateway.Upstream("b", addresses), gateway.Snapshot(snapshot("1", public("one", "/one", "b"))),
		gateway.ListenWith("127.0.0.1:0", listen.Config{Proxy: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}))
	require.NoError(t, err)
	end := running(t, g)
	addr := awaitAddr(t, g)
	request := "GET /one HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(raw(t, addr, "PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n"+request))), nil)
	require.NoError(t, err)
	require.Equal(t, "203.0.113.7", drain(resp.Body))
	require.NotContains(t, raw(t, addr, request), "200 OK", "a declared proxy has to say for whom it comes")
	require.NoError(t, end())
}

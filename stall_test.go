package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/gatewaytest/clienttest"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

func TestAClientThatStallsInItsBodyIsToldThatTheBackendIsGone(t *testing.T) {
	t.Parallel()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 3))
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	}))
	t.Cleanup(backend.Close)
	resp := stall(t, backend.URL)
	require.Equal(t, http.StatusBadGateway, resp.StatusCode)
}

// stall sends the beginning of a request to a gateway in front of the backend
// and returns the head of the answer.
func stall(t *testing.T, backend string, policies ...registry.Policy) *http.Response {
	t.Helper()
	s := snapshot("1", public("one", "/one", "u", policies...))
	s.Upstreams = []registry.Upstream{{Name: "u", Endpoints: []registry.Endpoint{{URL: backend}}}}
	g, err := gateway.New(standardKinds(), gateway.Listen("127.0.0.1:0"), gateway.Snapshot(clienttest.All(s)))
	require.NoError(t, err)
	end := running(t, g)
	t.Cleanup(func() { _ = end() })
	conn, err := net.Dial("tcp", awaitAddr(t, g))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = fmt.Fprint(conn, "POST /one HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("a", 10000))
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	return resp
}

func TestAClientThatStallsInItsBodyPutsOffNoTimeout(t *testing.T) {
	t.Parallel()
	held := make(chan error, 1)
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		held <- err
	}))
	t.Cleanup(backend.Close)
	timeout := resilience.TimeoutPolicy(resilience.TimeoutConfig{Total: registry.Duration(50 * time.Millisecond)})
	require.Equal(t, http.StatusRequestTimeout, stall(t, backend.URL, timeout).StatusCode, "it is the client that is late")
	require.Error(t, <-held, "the backend is let go")
}

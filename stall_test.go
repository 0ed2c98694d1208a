package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

func TestAClientThatStallsInItsBodyPutsOffNoTimeout(t *testing.T) {
	t.Parallel()
	held := make(chan error, 1)
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		held <- err
	}))
	t.Cleanup(backend.Close)
	timeout := resilience.TimeoutPolicy(resilience.TimeoutConfig{Total: registry.Duration(50 * time.Millisecond)})
	s := snapshot("1", public("hold", "/hold", "u", timeout))
	s.Upstreams = []registry.Upstream{{Name: "u", Endpoints: []registry.Endpoint{{URL: backend.URL}}}}
	g, err := gateway.New(standardKinds(), gateway.Listen("127.0.0.1:0"), gateway.Snapshot(s))
	require.NoError(t, err)
	end := running(t, g)
	conn, err := net.Dial("tcp", awaitAddr(t, g))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = fmt.Fprint(conn, "POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nabc")
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusGatewayTimeout, resp.StatusCode)
	require.Error(t, <-held, "the backend is let go")
	require.NoError(t, end())
}

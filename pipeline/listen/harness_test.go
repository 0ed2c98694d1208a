package listen_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// serve runs a server of h until the test ends and returns its address.
func serve(t testing.TB, h http.Handler, c listen.Config) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	if c.ReadHeader == 0 { // a machine that has other things to do is no slow client
		c.ReadHeader = time.Minute
	}
	s := listen.NewServer(h, c)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ln) }()
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
	return ln.Addr().String()
}

// secured returns configurations of a server and its clients.
func secured(t testing.TB, protocols ...string) (server, client *tls.Config) {
	t.Helper()
	ca := gatewaytest.NewCA(t)
	return &tls.Config{Certificates: []tls.Certificate{ca.Server("127.0.0.1", "localhost")}},
		&tls.Config{RootCAs: ca.Pool(), ServerName: "localhost", NextProtos: protocols}
}

// A witness is a handler that answers 200 to what it could read wholly, and
// remembers it.
type witness struct {
	mu   sync.Mutex
	seen []string
}

func (s *witness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		status := http.StatusBadRequest
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			status = http.StatusRequestTimeout
		}
		w.WriteHeader(status)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, strings.TrimSpace(r.Method+" "+r.RequestURI+" "+string(body)))
	_, _ = io.WriteString(w, strconv.Itoa(len(body)))
}

func (s *witness) saw() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.seen...)
}

// send sends the bytes on a connection of their own, in parts where there are
// several, and returns the statuses of the answers, up to the end of the
// connection.
func send(t testing.TB, conn net.Conn, parts ...string) (statuses []int) {
	t.Helper()
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	go func() {
		for _, p := range parts {
			if _, err := io.WriteString(conn, p); err != nil {
				return
			}
		}
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}()
	return answers(t, conn)
}

// answers reads answers up to the end of the connection.
func answers(t testing.TB, r io.Reader) (statuses []int) {
	t.Helper()
	in := bufio.NewReader(r)
	for {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			require.True(t, errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF), "%v", err)
			require.Zero(t, in.Buffered(), "what comes is not an answer")
			return statuses
		}
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		if resp.StatusCode >= 400 && resp.Header.Get("Content-Type") != "" {
			require.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"), "what net/http would say: %s", body)
		}
		statuses = append(statuses, resp.StatusCode)
	}
}

func dial(t testing.TB, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	return conn
}

func dialTLS(t testing.TB, addr string, c *tls.Config) net.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, c)
	require.NoError(t, err)
	return conn
}

// listening runs a server that the test ends by itself.
func listening(t testing.TB, h http.Handler, c listen.Config) (*listen.Server, string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := listen.NewServer(h, c)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ln) }()
	t.Cleanup(func() { require.ErrorIs(t, <-ended, http.ErrServerClosed) })
	return s, ln.Addr().String()
}

// tell passes on the codes of refusals, the first of them at least.
func tell(codes chan<- string) func(net.Addr, string) {
	return func(_ net.Addr, code string) {
		select {
		case codes <- code:
		default:
		}
	}
}

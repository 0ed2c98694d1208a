package gateway_test

import (
	"bytes"
	"context"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
)

// A line is a client on one kept connection. It asks the same each time and
// allocates nothing, so that what is counted beside it is the server's.
type line struct {
	conn    net.Conn
	request []byte
	answer  [16 << 10]byte
}

// dial opens a line to addr for GET requests of path with the fields given.
func dial(t testing.TB, addr, path string, fields ...string) *line {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	var b bytes.Buffer
	b.WriteString("GET " + path + " HTTP/1.1\r\nHost: gateway.example\r\n")
	for _, f := range fields {
		b.WriteString(f + "\r\n")
	}
	b.WriteString("\r\n")
	return &line{conn: conn, request: b.Bytes()}
}

// usual are fields that most clients send.
func usual(more ...string) []string {
	return append([]string{"User-Agent: client/1.0", "Accept: */*", "Accept-Encoding: gzip"}, more...)
}

// ask sends the request and reads the answer to its end; it returns what came.
func (l *line) ask(t testing.TB) []byte {
	if _, err := l.conn.Write(l.request); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(l.answer); {
		m, err := l.conn.Read(l.answer[n:])
		if n += m; whole(l.answer[:n]) {
			return l.answer[:n]
		}
		if err != nil {
			t.Fatalf("%v, after %q", err, l.answer[:n])
		}
	}
	t.Fatal("the answer has no end")
	return nil
}

// whole reports whether an answer has come to its end: its length, or its last
// chunk.
func whole(answer []byte) bool {
	head, body, found := bytes.Cut(answer, []byte("\r\n\r\n"))
	if !found {
		return false
	}
	_, rest, known := bytes.Cut(head, []byte("\r\nContent-Length: "))
	if !known {
		return bytes.HasSuffix(body, []byte("0\r\n\r\n"))
	}
	length := 0
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		length = 10*length + int(c-'0')
	}
	return len(body) >= length
}

// origin serves one answer to every request that has no body, and allocates
// nothing for it. It returns its address.
func origin(t testing.TB, body string, fields ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 200 OK\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n")
	for _, f := range fields {
		b.WriteString(f + "\r\n")
	}
	b.WriteString("\r\n" + body)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answerEach(conn, b.Bytes())
		}
	}()
	return l.Addr().String()
}

func answerEach(conn net.Conn, answer []byte) {
	defer conn.Close()
	var request [16 << 10]byte
	for n := 0; n < len(request); {
		m, err := conn.Read(request[n:])
		if n += m; bytes.HasSuffix(request[:n], []byte("\r\n\r\n")) {
			n = 0
			if _, err := conn.Write(answer); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// served runs a gateway with a listener and returns its address.
func served(t testing.TB, options ...gateway.Option) (g *gateway.Gateway, addr string) {
	t.Helper()
	g, err := gateway.New(append(options, standardKinds(), gateway.Listen("127.0.0.1:0"))...)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return g, awaitAddr(t, g)
}

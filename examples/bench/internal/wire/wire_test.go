package wire_test

import (
	"bufio"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/wire"
)

func TestRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, start, body string }{
		"a request without a body":      {"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a HTTP/1.1", ""},
		"a body of a length":            {"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", "HTTP/1.1 200 OK", "abc"},
		"a body in chunks":              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n", "HTTP/1.1 200 OK", "abcd"},
		"a body in chunks, a trailer":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\na\r\n0123456789\r\n0\r\nA: b\r\n\r\n", "HTTP/1.1 200 OK", "0123456789"},
		"a response that has no phrase": {"HTTP/1.1 204 \r\n\r\n", "HTTP/1.1 204 ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := bufio.NewReader(strings.NewReader(c.text + "next\r\n\r\n"))
			var m wire.Message
			require.NoError(t, m.Read(r))
			require.Equal(t, c.start, string(m.Start))
			require.Equal(t, c.body, string(m.Body))
			require.NoError(t, m.Read(r), "it ends where the next one begins")
			require.Equal(t, "next", string(m.Start))
			require.Empty(t, m.Body)
			require.ErrorIs(t, m.Read(r), io.EOF)
		})
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a length that is none":       "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"a body that is cut off":      "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
		"a body beyond the bound":     "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n",
		"a chunk of no size":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
		"a chunk longer than it says": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
		"a line that is no field":     "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
		"a head that is cut off":      "HTTP/1.1 200 OK\r\nA: b\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var m wire.Message
			require.Error(t, m.Read(bufio.NewReader(strings.NewReader(text))))
		})
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for start, want := range map[string]int{"HTTP/1.1 200 OK": 200, "HTTP/1.1 502": 502, "GET / HTTP/1.1": 0, "": 0} {
		require.Equal(t, want, (&wire.Message{Start: []byte(start)}).Status(), start)
	}
}

package h1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func seedAnswers(f *testing.F) {
	for _, c := range answers {
		if len(c.answer) < 2000 {
			f.Add([]byte(c.answer), c.method == "HEAD", uint8(0))
			f.Add([]byte(c.answer), c.method == "HEAD", uint8(1))
		}
	}
	for _, s := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 ;a=\"b\"\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 1\n\na",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\nhello",
	} {
		f.Add([]byte(s), false, uint8(3))
	}
}

// FuzzAnswerAgainstNetHTTP holds whatever is read to being what net/http reads
// of the same bytes, where both read it: we may refuse more, and never read it
// otherwise.
func FuzzAnswerAgainstNetHTTP(f *testing.F) {
	seedAnswers(f)
	f.Fuzz(func(t *testing.T, in []byte, isHead bool, piece uint8) {
		method := http.MethodGet
		if isHead {
			method = http.MethodHead
		}
		c := onTape(bytes.Clone(in), int(piece))
		c.begin(noContext{}, 0)
		a := &Answer{}
		theirs := bufio.NewReader(bytes.NewReader(in))
		for range 10 {
			if a.ReadHead(c, method) != nil {
				return
			}
			want, err := http.ReadResponse(theirs, &http.Request{Method: method})
			if err != nil {
				return // ours is not stricter in all; what follows is of no interest
			}
			same(t, want, &a.Resp)
			if !a.Interim() {
				sameBody(t, want, a)
				return
			}
		}
	})
}

func same(t *testing.T, want, got *http.Response) {
	t.Helper()
	require.Equal(t, want.StatusCode, got.StatusCode)
	require.Equal(t, want.ProtoMinor, got.ProtoMinor)
	if !slices.Equal(want.Header["Pragma"], []string{"no-cache"}) { // net/http adds a Cache-Control
		theirs, ours := want.Header.Clone(), got.Header.Clone()
		for _, h := range []http.Header{theirs, ours} {
			delete(h, "Content-Length") // they drop it at times
			delete(h, "Transfer-Encoding")
			delete(h, "Trailer")
			delete(h, "Connection")
		}
		require.Equal(t, theirs, ours)
	}
}

func sameBody(t *testing.T, want *http.Response, a *Answer) {
	t.Helper()
	if a.Resp.StatusCode == http.StatusSwitchingProtocols {
		return
	}
	a.Deliver(a)
	require.Equal(t, want.ContentLength, a.Resp.ContentLength)
	theirs, theirErr := io.ReadAll(want.Body)
	ours, err := io.ReadAll(a.Resp.Body)
	if err == nil {
		require.NoError(t, theirErr, "what they cut short is not whole for us")
		require.Equal(t, string(theirs), string(ours))
		for name, values := range a.Resp.Trailer {
			require.Equal(t, want.Trailer[name], values)
		}
		return
	}
	require.True(t, strings.HasPrefix(string(theirs), string(ours)) || theirErr != nil, "what we passed on before we knew")
}

// FuzzHead holds every head that can be sent to being one request of one line
// for each field, for whoever reads it.
func FuzzHead(f *testing.F) {
	f.Add("GET", "/a", "b=c", "X-A", "b", "a.test")
	f.Add("POST", "/a b", "\r\n", "X:", "a\r\nX: b", "a\tb")
	f.Fuzz(func(t *testing.T, method, path, query, name, value, host string) {
		var h Head
		h.Begin(method)
		h.Target("/p", path, query, true)
		h.Host(host)
		h.Field(name, value)
		h.Length(0)
		if h.End() != nil {
			return
		}
		require.Equal(t, 5, bytes.Count(h.buf, []byte("\n")))
		require.Equal(t, 5, bytes.Count(h.buf, []byte("\r")))
		require.True(t, bytes.HasSuffix(h.buf, []byte("\r\n\r\n")))
		line, rest, _ := bytes.Cut(h.buf, []byte("\r\n"))
		require.Equal(t, 2, bytes.Count(line, []byte(" ")), "a request line has three parts")
		require.True(t, bytes.HasPrefix(rest, []byte("Host: "+host+"\r\n"+name+": ")))
		require.NotContains(t, string(h.buf), "\x00")
		require.False(t, errors.Is(h.End(), ErrField))
	})
}

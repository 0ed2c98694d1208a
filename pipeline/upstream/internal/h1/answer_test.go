package h1

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// answers are what is read, and how; kept says whether the connection serves on.
var answers = []struct {
	name, method, answer string
	status               int
	length               int64
	body, trailer        string
	kept                 bool
}{
	{"a length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, 5, "hello", "", true},
	{"a length that is there twice", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 200, 5, "hello", "", true},
	{"a length of nothing", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, 0, "", "", true},
	{"chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n02;a=b\r\nlo\r\n0\r\n\r\n", 200, -1, "hello", "", true},
	{"chunks and a trailer", "GET", "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\nTrailer: X-Sum\r\n\r\nA\r\n0123456789\r\n0\r\nx-sum: 7\r\nContent-Length: 9\r\n\r\n", 200, -1, "0123456789", "7", true},
	{"chunks of nothing", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, -1, "", "", true},
	{"to the end of the connection", "GET", "HTTP/1.1 200 OK\r\n\r\nhello" + end, 200, -1, "hello" + end, "", false},
	{"HEAD with a length", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, 5, "", "", true},
	{"HEAD with chunks", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, -1, "", "", true},
	{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, 0, "", "", true},
	{"204 with a length", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, 0, "", "", false},
	{"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, 0, "", "", true},
	{"after interim answers", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, 2, "hi", "", true},
	{"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, 2, "hi", "", false},
	{"HTTP/1.0 that keeps the connection", "GET", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi", 200, 2, "hi", "", true},
	{"the last answer", "GET", "HTTP/1.1 200 OK\r\nConnection: X, Close\r\nContent-Length: 2\r\n\r\nhi", 200, 2, "hi", "", false},
	{"no reason", "GET", "HTTP/1.1 299 \r\nContent-Length: 2\r\n\r\nhi", 299, 2, "hi", "", true},
	{"neither reason nor space", "GET", "HTTP/1.1 999\r\nContent-Length: 2\r\n\r\nhi", 999, 2, "hi", "", true},
	{"more than was announced", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n", 200, 2, "hi", "", false},
	{"more than an empty body", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, 2, "", "", false},
	{"a head longer than the buffer", "GET", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 20<<10) + "\r\nContent-Length: 2\r\n\r\nhi", 200, 2, "hi", "", true},
	{"a body longer than the buffer", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + strings.Repeat("x", 70000), 200, 70000, strings.Repeat("x", 70000), "", true},
	{"a long chunk", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11170\r\n" + strings.Repeat("x", 70000) + "\r\n0\r\n\r\n", 200, -1, strings.Repeat("x", 70000), "", true},
}

func TestHowAnAnswerIsRead(t *testing.T) {
	t.Parallel()
	for _, c := range answers {
		for _, piece := range []int{0, 1, 7} {
			if piece > 0 && (len(c.answer) > 10000 || strings.HasPrefix(c.name, "more than")) {
				continue // what comes later than it counts is the matter of the next look
			}
			t.Run(fmt.Sprintf("%s, %d at once", c.name, piece), func(t *testing.T) {
				t.Parallel()
				s := play(t, piece, c.answer)
				p := newPool(t, settings(s.address))
				for range 2 {
					resp, body := get(t, p, c.method)
					require.Equal(t, c.status, resp.StatusCode)
					require.Equal(t, c.length, resp.ContentLength)
					require.Equal(t, c.body, body)
					require.Equal(t, c.trailer, resp.Trailer.Get("X-Sum"))
					require.Empty(t, resp.Trailer.Get("Content-Length"), "a trailer frames nothing")
				}
				require.Equal(t, map[bool]int64{true: 1, false: 2}[c.kept], s.conns.Load(), "connections")
			})
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	fields := func(lines ...string) string {
		return "HTTP/1.1 200 OK\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
	}
	chunks := func(s string) string { return fields("Transfer-Encoding: chunked") + s }
	for name, answer := range map[string]string{
		"a length beside chunks":               fields("Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n",
		"two lengths":                          fields("Content-Length: 5", "Content-Length: 6"),
		"two lengths in one line":              fields("Content-Length: 5, 5"),
		"a length with a sign":                 fields("Content-Length: +5"),
		"a negative length":                    fields("Content-Length: -5"),
		"a length in hexadecimal":              fields("Content-Length: 0x5"),
		"a length without digits":              fields("Content-Length: "),
		"a length beyond all bounds":           fields("Content-Length: 99999999999999999999"),
		"a coding other than chunked":          fields("Transfer-Encoding: gzip"),
		"two codings":                          fields("Transfer-Encoding: gzip, chunked"),
		"chunked twice":                        fields("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
		"an empty coding":                      fields("Transfer-Encoding: "),
		"a coding in HTTP/1.0":                 "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a line that goes on in the next":      fields("X: a", " b"),
		"a line that begins with a tab":        fields("\tX: a"),
		"a bare CR":                            fields("X: a\rContent-Length: 5"),
		"a bare LF":                            "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
		"a bare LF among others":               fields("X: a\nContent-Length: 5"),
		"a NUL":                                fields("X: a\x00b"),
		"a control character":                  fields("X: a\x7fb"),
		"a space in front of the colon":        fields("Content-Length : 5"),
		"a space in a name":                    fields("X Y: a"),
		"a name of other letters":              fields("Ä: a"),
		"no name":                              fields(": a"),
		"no colon":                             fields("X"),
		"too many fields":                      fields(strings.Repeat("X: a\r\n", maxFields) + "X: a"),
		"a head without bounds":                "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxHead),
		"another protocol":                     "SSH-2.0-OpenSSH_9.6\r\n",
		"HTTP/2":                               "HTTP/2.0 200 OK\r\n\r\n",
		"HTTP/1.2":                             "HTTP/1.2 200 OK\r\n\r\n",
		"HTTP in small letters":                "http/1.1 200 OK\r\n\r\n",
		"a status of two digits":               "HTTP/1.1 20 OK\r\n\r\n",
		"a status of four digits":              "HTTP/1.1 2000 OK\r\n\r\n",
		"a status below 100":                   "HTTP/1.1 099 OK\r\n\r\n",
		"a status of letters":                  "HTTP/1.1 2xx OK\r\n\r\n",
		"two spaces in front of the status":    "HTTP/1.1  200 OK\r\n\r\n",
		"a control character in the reason":    "HTTP/1.1 200 O\x01K\r\n\r\n",
		"an empty line in front":               "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"a chunk of no size":                   chunks("\r\n"),
		"a chunk with a space in front":        chunks(" 5\r\nhello\r\n0\r\n\r\n"),
		"a chunk of negative size":             chunks("-5\r\nhello\r\n0\r\n\r\n"),
		"a chunk in 0x":                        chunks("0x5\r\nhello\r\n0\r\n\r\n"),
		"a chunk of 17 digits":                 chunks("10000000000000005\r\nhello\r\n0\r\n\r\n"),
		"a chunk that is longer than its size": chunks("4\r\nhello\r\n0\r\n\r\n"),
		"a chunk that ends in a bare LF":       chunks("5\nhello\r\n0\r\n\r\n"),
		"data that ends in a bare LF":          chunks("5\r\nhello\n0\r\n\r\n"),
		"a CR in an extension":                 chunks("5;a\rb\r\nhello\r\n0\r\n\r\n"),
		"a control character in an extension":  chunks("5;a\x01b\r\nhello\r\n0\r\n\r\n"),
		"an extension without bounds":          chunks("5;" + strings.Repeat("a", 2*maxLine)),
		"extensions without bounds":            chunks(strings.Repeat("1;"+strings.Repeat("a", 500)+"\r\nx\r\n", 100)),
		"a trailer that is no field":           chunks("0\r\nX\r\n\r\n"),
		"a trailer without bounds":             chunks("0\r\nX: " + strings.Repeat("a", 2*maxTrailer)),
		"a trailer of bare LF":                 chunks("0\r\nX: a\n\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, piece := range []int{0, 1} {
				if err := readAll(onTape([]byte(answer), piece), "GET"); !errors.As(err, new(MalformedError)) {
					t.Fatalf("%d at once: %v", piece, err)
				}
			}
		})
	}
}

// readAll reads one answer to its end.
func readAll(c *Conn, method string) error {
	c.begin(noContext{}, 0)
	a := &Answer{}
	for {
		if err := a.ReadHead(c, method); err != nil {
			return err
		}
		if !a.Interim() {
			break
		}
	}
	a.Deliver(a)
	_, err := io.Copy(io.Discard, a.Resp.Body)
	return err
}

func TestTheEndOfTheConnectionIsNoEndOfABody(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5;a\r\nhello\r\n0\r\nX: y\r\n\r\n",
	} {
		for cut := range len(answer) {
			err := readAll(onTape([]byte(answer[:cut]), 0), "GET")
			require.Error(t, err, "cut at %d", cut)
			if cut > 0 {
				require.ErrorIs(t, err, io.ErrUnexpectedEOF, "cut at %d", cut)
			}
		}
		require.NoError(t, readAll(onTape([]byte(answer), 0), "GET"))
	}
}

func TestAFloodOfInterimAnswersEnds(t *testing.T) {
	t.Parallel()
	c := onTape([]byte(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 3)), 0)
	a := &Answer{}
	for range 3 {
		require.NoError(t, a.ReadHead(c, "GET"))
		require.True(t, a.Interim(), "one head at a time: who counts them is who asks")
	}
	require.ErrorIs(t, a.ReadHead(c, "GET"), io.EOF)
}

func TestFieldsAreReadAsTheyAre(t *testing.T) {
	t.Parallel()
	c := onTape([]byte("HTTP/1.1 200 Gut so\r\nx-a:  b \t\r\nSet-Cookie: 1\r\nX-Empty:\r\nset-cookie: 2\r\nX-Text: \xff,\t\"\r\n\r\n"), 0)
	a := &Answer{}
	require.NoError(t, a.ReadHead(c, "HEAD"))
	require.Equal(t, "200 Gut so", a.Resp.Status)
	require.Equal(t, http.Header{
		"X-A": {"b"}, "Set-Cookie": {"1", "2"}, "X-Empty": {""}, "X-Text": {"\xff,\t\""},
	}, a.Resp.Header)
	a.Resp.Header["X-A"] = append(a.Resp.Header["X-A"], "more")
	require.Equal(t, []string{"1", "2"}, a.Resp.Header["Set-Cookie"], "values have no room behind them that is another's")
}

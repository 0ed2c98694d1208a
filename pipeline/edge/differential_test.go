package edge_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/stretchr/testify/require"
)

// origin is a backend of many behaviours, one a path.
func origin(t testing.TB) string {
	mux := http.NewServeMux()
	mux.HandleFunc("/plain", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Etag", `"v1"`)
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		_, _ = io.WriteString(w, strings.Repeat("plain ", 100))
	})
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", "300000")
		_, _ = w.Write(make([]byte, 300000))
	})
	mux.HandleFunc("/chunked", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		for i := range 3 {
			_, _ = fmt.Fprintf(w, "chunk %d\n", i)
			_ = http.NewResponseController(w).Flush()
		}
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/plain")
		_, _ = fmt.Fprintf(w, "%s %s len=%d te=%q\n%s", r.Method, r.URL.RequestURI(), r.ContentLength, r.TransferEncoding, body)
	})
	mux.HandleFunc("/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(code)
	})
	mux.HandleFunc("/range", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		http.ServeContent(w, r, "", modified, strings.NewReader(strings.Repeat("0123456789", 20)))
	})
	mux.HandleFunc("/trailers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "body")
		w.Header().Set("X-Sum", "42")
		w.Header().Set(http.TrailerPrefix+"X-Late", "yes")
	})
	mux.HandleFunc("/hints", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "after hints")
	})
	mux.HandleFunc("/events", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: one\n\n")
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, "data: two\n\n")
	})
	mux.HandleFunc("/hop", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Keep-Alive", "timeout=5")
		w.Header().Set("Proxy-Authenticate", "Basic")
		_, _ = io.WriteString(w, "hop")
	})
	return server(t, mux).URL
}

// An outcome is what a client got over the wire, as far as both proxies have
// to agree.
type outcome struct {
	Interim  []int
	Status   int
	Header   []string
	Length   int64
	Chunked  bool
	Body     string
	Trailers []string
	Broken   bool
}

func TestTheEdgeAnswersAsReverseProxyDoes(t *testing.T) {
	t.Parallel()
	back := origin(t)
	target, err := url.Parse(back)
	require.NoError(t, err)
	oracle := httputil.NewSingleHostReverseProxy(target)
	oracle.ErrorLog = quiet()
	oracle.Transport = &http.Transport{DisableCompression: true}
	wanted := server(t, oracle)
	got := serve(t, forward(t, back), edge.Options{})

	for name, raw := range map[string]string{
		"a GET of known length":          "GET /plain HTTP/1.1\r\nHost: h\r\n\r\n",
		"a large GET":                    "GET /large HTTP/1.1\r\nHost: h\r\n\r\n",
		"a HEAD":                         "HEAD /plain HTTP/1.1\r\nHost: h\r\n\r\n",
		"a HEAD of what is streamed":     "HEAD /chunked HTTP/1.1\r\nHost: h\r\n\r\n",
		"a chunked answer":               "GET /chunked HTTP/1.1\r\nHost: h\r\n\r\n",
		"a POST of known length":         "POST /echo?a=1&b=2 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
		"an empty POST":                  "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
		"a chunked POST":                 "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"a PUT":                          "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok",
		"a GET with a body":              "GET /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok",
		"a 204":                          "GET /status/204 HTTP/1.1\r\nHost: h\r\n\r\n",
		"a 304":                          "GET /status/304 HTTP/1.1\r\nHost: h\r\n\r\n",
		"a 302":                          "GET /status/302 HTTP/1.1\r\nHost: h\r\n\r\n",
		"a 404":                          "GET /status/404 HTTP/1.1\r\nHost: h\r\n\r\n",
		"a 503 of the backend":           "GET /status/503 HTTP/1.1\r\nHost: h\r\n\r\n",
		"a range":                        "GET /range HTTP/1.1\r\nHost: h\r\nRange: bytes=5-14\r\n\r\n",
		"a range that cannot be served":  "GET /range HTTP/1.1\r\nHost: h\r\nRange: bytes=900-\r\n\r\n",
		"trailers, announced and not":    "GET /trailers HTTP/1.1\r\nHost: h\r\nTE: trailers\r\n\r\n",
		"early hints":                    "GET /hints HTTP/1.1\r\nHost: h\r\n\r\n",
		"server-sent events":             "GET /events HTTP/1.1\r\nHost: h\r\n\r\n",
		"hop-by-hop fields of a backend": "GET /hop HTTP/1.1\r\nHost: h\r\n\r\n",
		"a request of HTTP/1.0":          "GET /plain HTTP/1.0\r\nHost: h\r\n\r\n",
		"a request that asks to close":   "GET /plain HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
		"a query with odd parameters":    "GET /echo?x=%41&y HTTP/1.1\r\nHost: h\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := exchange(t, wanted.URL, raw)
			require.Equal(t, want, exchange(t, got.URL, raw))
		})
	}
}

// exchange sends a raw request and reads what comes back.
func exchange(t *testing.T, at, raw string) outcome {
	t.Helper()
	conn := dial(t, at)
	_, err := io.WriteString(conn, raw)
	require.NoError(t, err)
	r := bufio.NewReader(conn)
	method, _, _ := strings.Cut(raw, " ")
	var o outcome
	for {
		resp, err := http.ReadResponse(r, &http.Request{Method: method})
		require.NoError(t, err)
		if resp.StatusCode < 200 {
			o.Interim = append(o.Interim, resp.StatusCode)
			continue
		}
		o.read(t, resp)
		return o
	}
}

func (o *outcome) read(t *testing.T, resp *http.Response) {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	o.Status, o.Length, o.Body, o.Broken = resp.StatusCode, resp.ContentLength, string(body), err != nil
	o.Chunked = len(resp.TransferEncoding) > 0
	resp.Header.Del("Date")
	o.Header, o.Trailers = lines(resp.Header), lines(resp.Trailer)
	require.NoError(t, resp.Body.Close())
}

func lines(h http.Header) []string {
	var ls []string
	for name, values := range h {
		for _, v := range values {
			ls = append(ls, textproto.CanonicalMIMEHeaderKey(name)+": "+v)
		}
	}
	sort.Strings(ls)
	return ls
}

// dial opens a connection that closes with the test.
func dial(t testing.TB, at string) *net.TCPConn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(at, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	tcp, ok := conn.(*net.TCPConn)
	require.True(t, ok)
	return tcp
}

package edge_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/stretchr/testify/require"
)

// echo answers with the whole request body.
func echo(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
	body, err := io.ReadAll(x.In.Body)
	if err != nil {
		return nil, err
	}
	return pipeline.Respond(x, http.StatusOK, "text/plain", body), nil
}

func TestBodiesHaveABound(t *testing.T) {
	t.Parallel()
	limit := func(n int64) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			x.LimitBody(n)
			return echo(ctx, x)
		}
	}
	for name, c := range map[string]struct {
		h       pipeline.Handler
		chunked bool
		body    string
		status  int
	}{
		"a body of the default bound passes":           {echo, false, "12345678", 200},
		"a body beyond it is refused":                  {echo, false, "123456789", 413},
		"a chunked body of the bound passes":           {echo, true, "12345678", 200},
		"a chunked body beyond it is refused":          {echo, true, "123456789", 413},
		"a route may raise the bound":                  {limit(20), false, "123456789", 200},
		"a route may lower the bound":                  {limit(2), true, "123", 413},
		"a bound of nothing lets no body pass":         {limit(0), true, "1", 413},
		"an exact bound is enough for a chunked body":  {limit(3), true, "123", 200},
		"an exact bound is enough for a declared body": {limit(3), false, "123", 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, c.h, edge.Options{MaxBody: 8})
			r := request(t, http.MethodPost, s.URL, strings.NewReader(c.body))
			if c.chunked {
				r.ContentLength = -1
			}
			resp, body := do(t, r)
			require.Equal(t, c.status, resp.StatusCode)
			if c.status == 200 {
				require.Equal(t, c.body, body)
			} else {
				require.Contains(t, body, pipeline.CodeBodyTooLarge)
			}
		})
	}
}

func TestTheClientsFaultIsNotTheBackends(t *testing.T) {
	t.Parallel()
	back := server(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	for name, c := range map[string]struct {
		raw    string
		status int
		code   string
	}{
		"a chunk that is none": {
			"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, pipeline.CodeBodyMalformed},
		"a body beyond its bound": {
			"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n0\r\n\r\n", 413, pipeline.CodeBodyTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := newRecorder()
			s := serve(t, forward(t, back.URL), edge.Options{MaxBody: 8, Entry: rec.entry()})
			_, _, resp := begin(t, s.URL, c.raw)
			require.Equal(t, c.status, resp.StatusCode)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Contains(t, string(body), c.code)
			var p *pipeline.Problem
			require.ErrorAs(t, rec.next(t).Err, &p)
			require.Equal(t, c.code, p.Code)
		})
	}
}

func TestABodyThatEndsTooSoonIsMalformed(t *testing.T) {
	t.Parallel()
	rec := newRecorder()
	s := serve(t, echo, edge.Options{Entry: rec.entry()})
	conn := dial(t, s.URL)
	_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf")
	require.NoError(t, err)
	require.NoError(t, conn.CloseWrite())
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(answer), " 400 ")
	require.Contains(t, string(answer), pipeline.CodeBodyMalformed)
	require.Equal(t, int64(4), rec.next(t).BytesIn)
}

func TestASlowBodyIsATimeout(t *testing.T) {
	t.Parallel()
	w := &writer{header: http.Header{}}
	r := plainRequest()
	r.Method, r.Body, r.ContentLength = http.MethodPost, io.NopCloser(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("abc")))), 3
	r.Body = io.NopCloser(iotest.ErrReader(timeout{}))
	edge.Handler(echo).ServeHTTP(w, r)
	require.Equal(t, 408, w.status)
}

// timeout is an error as networks have it.
type timeout struct{}

func (timeout) Error() string   { return "i/o timeout" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

func TestTrailersOfARequestArriveWithItsEnd(t *testing.T) {
	t.Parallel()
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		if _, err := io.Copy(io.Discard, x.In.Body); err != nil {
			return nil, err
		}
		resp := pipeline.Respond(x, http.StatusNoContent, "", nil)
		resp.Header["Got"] = lines(x.In.Trailer)
		return resp, nil
	}
	s := serve(t, h, edge.Options{})
	_, _, resp := begin(t, s.URL, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"+
		"Trailer: X-Sum, X-Consumer-Id, X-Forwarded-For\r\n\r\n"+
		"3\r\nabc\r\n0\r\nX-Sum: 7\r\nX-Consumer-Id: mallory\r\nX-Forwarded-For: 1.2.3.4\r\nX-Late: 1\r\n\r\n")
	require.Equal(t, []string{"X-Sum: 7"}, resp.Header["Got"])
}

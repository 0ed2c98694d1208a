package edge_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/stretchr/testify/require"
)

// serve2 serves h behind an edge over HTTP/2.
func serve2(t *testing.T, h pipeline.Handler, o edge.Options) (*httptest.Server, *http.Client) {
	t.Helper()
	e, err := edge.New(h, o)
	require.NoError(t, err)
	s := httptest.NewUnstartedServer(e)
	s.EnableHTTP2 = true
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, s.Client()
}

func TestHTTP2IsServedAlike(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		seen <- x.Scheme + " " + x.In.Host + " " + x.Upgrade
		resp := stream(x, "text/plain", io.NopCloser(x.In.Body))
		resp.Trailer = http.Header{"X-Sum": {"7"}}
		return resp, nil
	}
	s, c := serve2(t, h, edge.Options{})
	r := request(t, http.MethodPost, s.URL+"/a", strings.NewReader("hello"))
	r.Host = "Example.com:443"
	resp, err := c.Do(r)
	require.NoError(t, err)
	require.Equal(t, 2, resp.ProtoMajor)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "hello", string(body))
	require.Equal(t, "7", resp.Trailer.Get("X-Sum"))
	require.Equal(t, "https example.com ", <-seen)
}

func TestARefusalOverHTTP2KeepsTheConnection(t *testing.T) {
	t.Parallel()
	s, c := serve2(t, refuse(403, "no"), edge.Options{})
	for range 2 {
		reads, writes := io.Pipe() // a body that never comes
		defer func() { _ = writes.Close() }()
		resp, err := c.Do(request(t, http.MethodPost, s.URL, reads))
		require.NoError(t, err)
		require.Equal(t, 403, resp.StatusCode)
		require.NoError(t, resp.Body.Close())
		require.False(t, resp.Close)
	}
}

func TestABrokenBodyOverHTTP2ResetsItsStreamOnly(t *testing.T) {
	t.Parallel()
	rec := newRecorder()
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		if x.In.URL.Path == "/ok" {
			return pipeline.Respond(x, http.StatusOK, "", []byte("ok")), nil
		}
		return stream(x, "text/plain", newBody(func([]byte) (int, error) { return 0, errBackend })), nil
	}
	s, c := serve2(t, h, edge.Options{Entry: rec.entry()})
	resp, err := c.Do(request(t, http.MethodGet, s.URL, nil))
	require.NoError(t, err)
	_, err = io.ReadAll(resp.Body)
	require.Error(t, err)
	require.NoError(t, resp.Body.Close())
	require.ErrorIs(t, rec.next(t).Err, errBackend)
	resp, err = c.Do(request(t, http.MethodGet, s.URL+"/ok", nil))
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	require.NoError(t, resp.Body.Close())
}

func TestGRPCIsRefusedInItsHead(t *testing.T) {
	t.Parallel()
	s, c := serve2(t, refuse(401, "token_missing"), edge.Options{})
	r := request(t, http.MethodPost, s.URL+"/pkg.Service/Method", strings.NewReader("\x00\x00\x00\x00\x00"))
	r.Header.Set("Content-Type", "application/grpc")
	r.Header.Set("TE", "trailers")
	resp, err := c.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, "16", resp.Header.Get("Grpc-Status"))
}

func TestTrailersFollowABodyThatIsNone(t *testing.T) {
	t.Parallel()
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, http.StatusOK, "application/grpc", nil)
		resp.Trailer = http.Header{"Grpc-Status": {"0"}, "Grpc-Message": nil}
		return resp, nil
	}
	s, c := serve2(t, h, edge.Options{})
	resp, err := c.Do(request(t, http.MethodGet, s.URL, nil))
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "0", resp.Trailer.Get("Grpc-Status"))
}

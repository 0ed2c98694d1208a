package edge_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/seed-f9645bd3/gateway/gatewaytest/clienttest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/stretchr/testify/require"
)

// A told is what a recorder was told of one exchange.
type told struct {
	summary pipeline.Summary
	x       *pipeline.Exchange
}

// A recorder keeps what it was told.
type recorder chan told

func newRecorder() recorder { return make(recorder, 64) }

func (r recorder) entry() *pipeline.Entry {
	return &pipeline.Entry{Record: []func(*pipeline.Exchange, *pipeline.Summary){
		func(x *pipeline.Exchange, s *pipeline.Summary) { r <- told{*s, x} },
	}}
}

// next waits for the end of the next exchange.
func (r recorder) next(t testing.TB) pipeline.Summary {
	t.Helper()
	select {
	case got := <-r:
		return got.summary
	case <-t.Context().Done():
		t.Fatal("no exchange ended")
		return pipeline.Summary{}
	}
}

// forward sends exchanges to a server, as they are.
func forward(t testing.TB, origin string) pipeline.Handler {
	t.Helper()
	up, err := upstream.New(clienttest.Of(registry.Upstream{
		Name: "origin", Host: "preserve", Endpoints: []registry.Endpoint{{URL: origin}},
		Forward: registry.Forward{XForwarded: "off", Via: "off"},
	}), upstream.Options{})
	require.NoError(t, err)
	t.Cleanup(up.Close)
	return up.Serve
}

// serve serves h behind an edge.
func serve(t testing.TB, h pipeline.Handler, o edge.Options) *httptest.Server {
	t.Helper()
	e, err := edge.New(h, o)
	require.NoError(t, err)
	return server(t, e)
}

// server serves h and waits, at the end, for all that it serves.
func server(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = quiet()
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// client is an HTTP client that adds nothing and follows nothing.
func client(t testing.TB) *http.Client {
	t.Helper()
	tr := &http.Transport{DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// request makes a request whose context ends with the test.
func request(t testing.TB, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	require.NoError(t, err)
	return r
}

// do sends a request and reads the whole answer.
func do(t testing.TB, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := client(t).Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

// respond answers everything with 200 and a text.
func respond(text string) pipeline.Handler {
	return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, http.StatusOK, "text/plain", []byte(text)), nil
	}
}

// A body runs a function for each Read and remembers how often it was closed.
type body struct {
	read func(p []byte) (int, error)
	mu   sync.Mutex
	n    int
	once sync.Once
	gone chan struct{}
}

func newBody(read func(p []byte) (int, error)) *body {
	return &body{read: read, gone: make(chan struct{})}
}

func (b *body) Read(p []byte) (int, error) { return b.read(p) }

func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	b.once.Do(func() { close(b.gone) })
	return nil
}

func (b *body) closes() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}

// stream answers with a body of unknown length.
func stream(x *pipeline.Exchange, contentType string, b io.ReadCloser) *http.Response {
	resp := pipeline.Respond(x, http.StatusOK, contentType, nil)
	resp.Body, resp.ContentLength = b, -1
	return resp
}

var errBackend = errors.New("backend broke")

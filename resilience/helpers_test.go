package resilience_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/resilience"
)

// A try is what the backend does once.
type try struct {
	status int
	header http.Header
	err    error
	do     func(x *pipeline.Exchange)
}

var (
	errDial = &pipeline.UpstreamError{Kind: pipeline.UpstreamConnect, Err: errors.New("refused")}
	errSent = &pipeline.UpstreamError{Kind: pipeline.UpstreamReset, Sent: true, Err: errors.New("reset")}
)

// A backend answers tries in their order, the last one for ever.
type backend struct {
	tries  []try
	sent   []string
	closed int
}

func (b *backend) serve(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
	body, err := io.ReadAll(x.Out(ctx).Body)
	if err != nil {
		return nil, err
	}
	b.sent = append(b.sent, string(body))
	now := b.tries[min(len(b.sent), len(b.tries))-1]
	if now.do != nil {
		now.do(x)
	}
	if now.err != nil {
		return nil, now.err
	}
	resp := pipeline.Respond(x, now.status, "text/plain", []byte("answer"))
	if now.header != nil {
		resp.Header = now.header
	}
	resp.Body = counted{resp.Body, b}
	return resp, nil
}

type counted struct {
	io.ReadCloser
	backend *backend
}

func (c counted) Close() error {
	c.backend.closed++
	return c.ReadCloser.Close()
}

func retrying(t testing.TB, c resilience.RetryConfig, b *backend) pipeline.Handler {
	t.Helper()
	stages, err := resilience.NewRetry(c, resilience.WithRandom(func() float64 { return 1 }))
	require.NoError(t, err)
	return pipeline.Chain(b.serve, stages...)
}

func request(method, body string) *pipeline.Exchange {
	in := httptest.NewRequest(method, "/", nil)
	if body != "" {
		in = httptest.NewRequest(method, "/", strings.NewReader(body))
	}
	return &pipeline.Exchange{In: in}
}

func codes(x *pipeline.Exchange) []string {
	var codes []string
	for _, d := range x.Decisions() {
		codes = append(codes, d.Code)
	}
	return codes
}

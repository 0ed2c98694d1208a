package transform_test

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
	"github.com/seed-f9645bd3/gateway/transform"
)

// A stamp is a Transformer of functions.
type stamp struct {
	request  func(x *pipeline.Exchange) error
	response func(x *pipeline.Exchange, resp *http.Response) error
}

func (s stamp) Request(x *pipeline.Exchange) error { return s.request(x) }
func (s stamp) Response(x *pipeline.Exchange, resp *http.Response) error {
	return s.response(x, resp)
}

func pass(*pipeline.Exchange) error                         { return nil }
func passResponse(*pipeline.Exchange, *http.Response) error { return nil }
func exchange(method, target, body string) *pipeline.Exchange {
	return &pipeline.Exchange{In: httptest.NewRequest(method, target, strings.NewReader(body))}
}

// A closer counts how often a body was closed.
type closer struct {
	io.Reader
	closed int
}

func (c *closer) Close() error {
	c.closed++
	return nil
}

func answering(body io.ReadCloser) pipeline.Handler {
	return func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body}, nil
	}
}

func TestStageRunsBothWays(t *testing.T) {
	t.Parallel()
	var order []string
	s := transform.Stage("stamp", pipeline.Transform, stamp{
		request: func(x *pipeline.Exchange) error {
			order = append(order, "request")
			x.Set("X-Out", "1")
			return nil
		},
		response: func(_ *pipeline.Exchange, resp *http.Response) error {
			order = append(order, "response")
			resp.Header.Set("X-Back", "1")
			return nil
		},
	})
	require.Equal(t, "stamp", s.Name)
	require.Equal(t, pipeline.Transform, s.Phase)
	body := &closer{Reader: strings.NewReader("hello")}
	h := s.Wrap(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		order = append(order, "next "+x.Get("X-Out"))
		return answering(body)(ctx, x)
	})
	resp, err := h(t.Context(), exchange("GET", "/", ""))
	require.NoError(t, err)
	require.Equal(t, []string{"request", "next 1", "response"}, order)
	require.Equal(t, "1", resp.Header.Get("X-Back"))
	require.Zero(t, body.closed)
}

func TestAnErrorOfRequestKeepsTheBackendOut(t *testing.T) {
	t.Parallel()
	refused := pipeline.Refuse(400, "no", "")
	s := transform.Stage("stamp", pipeline.Transform, stamp{
		request:  func(*pipeline.Exchange) error { return refused },
		response: passResponse,
	})
	h := s.Wrap(func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		t.Error("the backend was asked")
		return nil, nil
	})
	resp, err := h(t.Context(), exchange("GET", "/", ""))
	require.Nil(t, resp)
	require.ErrorIs(t, err, refused)
}

func TestResponseIsNotAskedWhereThereIsNone(t *testing.T) {
	t.Parallel()
	failed := errors.New("backend away")
	s := transform.Stage("stamp", pipeline.Transform, stamp{
		request: pass,
		response: func(*pipeline.Exchange, *http.Response) error {
			t.Error("Response was called")
			return nil
		},
	})
	_, err := s.Wrap(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, failed })(
		t.Context(), exchange("GET", "/", ""))
	require.ErrorIs(t, err, failed)
}

func TestADroppedResponseIsClosed(t *testing.T) {
	t.Parallel()
	withheld := pipeline.Refuse(502, "withheld", "")
	body := &closer{Reader: strings.NewReader("secret")}
	s := transform.Stage("stamp", pipeline.Transform, stamp{
		request:  pass,
		response: func(*pipeline.Exchange, *http.Response) error { return withheld },
	})
	resp, err := s.Wrap(answering(body))(t.Context(), exchange("GET", "/", ""))
	require.Nil(t, resp)
	require.ErrorIs(t, err, withheld)
	require.Equal(t, 1, body.closed)
}

func TestAPanicInResponseClosesTheBody(t *testing.T) {
	t.Parallel()
	body := &closer{Reader: strings.NewReader("x")}
	s := transform.Stage("stamp", pipeline.Transform, stamp{
		request:  pass,
		response: func(*pipeline.Exchange, *http.Response) error { panic("boom") },
	})
	require.PanicsWithValue(t, "boom", func() {
		_, _ = s.Wrap(answering(body))(t.Context(), exchange("GET", "/", ""))
	})
	require.Equal(t, 1, body.closed)
}

type varying struct{ stamp }

func (varying) Vary(x *pipeline.Exchange) string { return x.In.Method }

func TestAStageVariesAsItsTransformerSays(t *testing.T) {
	t.Parallel()
	plain := stamp{request: pass, response: passResponse}
	require.Nil(t, transform.Stage("s", pipeline.Transform, plain).Vary, "unsaid means everything")
	s := transform.Stage("s", pipeline.Transform, varying{plain})
	require.Equal(t, "PUT", s.Vary(exchange("PUT", "/", "")))
}

package edge_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/stretchr/testify/require"
)

// serveOnce serves one plain request and returns what was answered and told.
func serveOnce(t *testing.T, h pipeline.Handler, log *slog.Logger) (*writer, pipeline.Summary) {
	t.Helper()
	rec := newRecorder()
	e, err := edge.New(h, edge.Options{Entry: rec.entry(), Log: log})
	require.NoError(t, err)
	w := &writer{header: http.Header{}}
	e.ServeHTTP(w, plainRequest())
	require.Len(t, rec, 1, "an exchange ends once")
	return w, rec.next(t)
}

func TestEachFailureHasItsAnswer(t *testing.T) {
	t.Parallel()
	up := func(kind string) error {
		return &pipeline.UpstreamError{Kind: kind, Err: errors.New("10.1.2.3: secret")}
	}
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"a refusal":                  {pipeline.Refuse(403, "scope_missing", "No."), 403, "scope_missing"},
		"a refusal that was wrapped": {errors.Join(pipeline.Refuse(404, "hidden", "")), 404, "hidden"},
		"a refusal without a status": {&pipeline.Problem{Code: "odd"}, 500, pipeline.CodeInternal},
		"a connect error":            {up(pipeline.UpstreamConnect), 502, pipeline.CodeUpstreamFailed},
		"a reset":                    {up(pipeline.UpstreamReset), 502, pipeline.CodeUpstreamFailed},
		"a timeout of the backend":   {up(pipeline.UpstreamTimeout), 504, pipeline.CodeUpstreamTimeout},
		"no endpoint":                {up(pipeline.UpstreamNoneReady), 503, pipeline.CodeUpstreamNotReady},
		"an open breaker":            {up(pipeline.UpstreamBreakerOpen), 503, pipeline.CodeUpstreamNotReady},
		"a deadline":                 {context.DeadlineExceeded, 504, pipeline.CodeUpstreamTimeout},
		"anything else":              {errors.New("10.1.2.3: secret"), 500, pipeline.CodeInternal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, sum := serveOnce(t, func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, c.err }, nil)
			require.Equal(t, c.status, w.status)
			require.Equal(t, c.status, sum.Status)
			require.Contains(t, w.body.String(), `"code":"`+c.code+`"`)
			require.NotContains(t, w.body.String(), "secret")
			require.NotContains(t, w.body.String(), "10.1.2.3")
			require.ErrorIs(t, sum.Err, c.err)
			require.Equal(t, "no-store", w.header.Get("Cache-Control"))
		})
	}
}

func TestAPanicEndsOneExchange(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w, sum := serveOnce(t, func(context.Context, *pipeline.Exchange) (*http.Response, error) { panic("secret") },
		slog.New(slog.NewTextHandler(&log, nil)))
	require.Equal(t, 500, w.status)
	require.NotContains(t, w.body.String(), "secret")
	require.ErrorContains(t, sum.Err, "panic: secret")
	require.Contains(t, log.String(), "level=ERROR")
	require.Contains(t, log.String(), "failure_test.go", "the log holds the stack")
}

func TestAnExchangeEndsWhereItsGoroutineDoes(t *testing.T) {
	t.Parallel()
	rec := newRecorder()
	e, err := edge.New(func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		runtime.Goexit()
		return nil, nil
	}, edge.Options{Entry: rec.entry()})
	require.NoError(t, err)
	w := &writer{header: http.Header{}}
	var wait sync.WaitGroup
	wait.Go(func() { e.ServeHTTP(w, plainRequest()) })
	wait.Wait()
	require.Equal(t, 500, w.status)
	require.Len(t, rec, 1)
}

func TestErrAbortHandlerAborts(t *testing.T) {
	t.Parallel()
	rec := newRecorder()
	e, err := edge.New(func(context.Context, *pipeline.Exchange) (*http.Response, error) { panic(http.ErrAbortHandler) },
		edge.Options{Entry: rec.entry()})
	require.NoError(t, err)
	w := &writer{header: http.Header{}}
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { e.ServeHTTP(w, plainRequest()) })
	require.Zero(t, w.status)
	require.ErrorIs(t, rec.next(t).Err, http.ErrAbortHandler)
}

func TestWhatBreaksTheContractOfAHandlerIs500(t *testing.T) {
	t.Parallel()
	b := newBody(func([]byte) (int, error) { return 0, errBackend })
	for name, h := range map[string]pipeline.Handler{
		"neither response nor error": func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, nil },
		"both of them": func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
			return stream(x, "", b), errBackend
		},
		"a response without a status": func(context.Context, *pipeline.Exchange) (*http.Response, error) {
			return &http.Response{}, nil
		},
		"an interim response": func(context.Context, *pipeline.Exchange) (*http.Response, error) {
			return &http.Response{StatusCode: 103}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, sum := serveOnce(t, h, nil)
			require.Equal(t, 500, w.status)
			require.Error(t, sum.Err)
		})
	}
	t.Cleanup(func() { require.Equal(t, 1, b.closes()) })
}

func TestAPanicInCloseIsThatExchangesAlone(t *testing.T) {
	t.Parallel()
	rec := newRecorder()
	e, err := edge.New(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return stream(x, "", panicky{}), nil
	}, edge.Options{Entry: rec.entry()})
	require.NoError(t, err)
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { e.ServeHTTP(&writer{header: http.Header{}}, plainRequest()) })
	require.ErrorContains(t, rec.next(t).Err, "in Close")
}

type panicky struct{}

func (panicky) Read([]byte) (int, error) { return 0, errBackend }
func (panicky) Close() error             { panic("in Close") }

func TestReplyIsOnEveryAnswer(t *testing.T) {
	t.Parallel()
	w, _ := serveOnce(t, func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		x.SetReply("X-Request-Id", "abc")
		x.ID = "abc"
		return nil, pipeline.Refuse(401, "token_missing", "Who?").With("WWW-Authenticate", "Bearer")
	}, nil)
	require.Equal(t, "abc", w.header.Get("X-Request-Id"))
	require.Equal(t, "Bearer", w.header.Get("WWW-Authenticate"))
	require.JSONEq(t, `{"type":"about:blank","title":"Unauthorized","status":401,"detail":"Who?",
		"code":"token_missing","request_id":"abc"}`, w.body.String())
}

func TestRefusalsNameTheTrace(t *testing.T) {
	t.Parallel()
	for protocol, want := range map[string]string{
		"rest":    `{"type":"about:blank","title":"Forbidden","status":403,"code":"no","request_id":"abc","trace_id":"def"}`,
		"graphql": `{"errors":[{"message":"Forbidden","extensions":{"code":"no","status":403,"request_id":"abc","trace_id":"def"}}]}`,
	} {
		w, _ := serveOnce(t, func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
			x.Route = &registry.Route{Protocol: protocol}
			x.ID, x.TraceID = "abc", "def"
			return nil, pipeline.Refuse(403, "no", "")
		}, nil)
		require.JSONEq(t, want, w.body.String())
	}
}

func TestAnEdgeWithoutAHandlerServesNothing(t *testing.T) {
	t.Parallel()
	w := &writer{header: http.Header{}}
	edge.Handler(nil).ServeHTTP(w, plainRequest())
	require.Equal(t, 500, w.status)
}

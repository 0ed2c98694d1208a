package transform_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform"
)

// A link remembers the bound that was set.
type link struct{ max []int64 }

func (l *link) Interim(int, http.Header) {}
func (l *link) Stalled()                 {}
func (l *link) LimitBody(max int64)      { l.max = append(l.max, max) }

// build makes the stages of a policy of the kind body, as the gateway does.
func build(t testing.TB, p registry.Policy) []pipeline.Stage {
	t.Helper()
	stages, err := tryBuild(t, p)
	require.NoError(t, err)
	return stages
}

func tryBuild(t testing.TB, p registry.Policy) ([]pipeline.Stage, error) {
	t.Helper()
	kinds, err := pipeline.NewKinds(transform.BodyKind())
	require.NoError(t, err)
	scope := pipeline.NewScope(pipeline.NewPool(), nil)
	t.Cleanup(scope.Close)
	env := scope.Env(pipeline.Workshop{Kinds: kinds}, &registry.Route{Name: "r"}, p.String())
	return pipeline.Make[[]pipeline.Stage](env, p)
}

func echo(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
	body, err := io.ReadAll(x.Out(context.Background()).Body)
	if err != nil {
		return nil, err
	}
	return pipeline.Respond(x, 200, "text/plain", body), nil
}

func serve(t testing.TB, x *pipeline.Exchange, h pipeline.Handler, stages ...pipeline.Stage) (*http.Response, error) {
	t.Helper()
	return pipeline.Chain(h, stages...)(t.Context(), x)
}

func requireProblem(t testing.TB, err error, status int, code string) {
	t.Helper()
	var p *pipeline.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, status, p.Status)
	require.Equal(t, code, p.Code)
}

// unread is a body that must not be read.
type unread struct{ t testing.TB }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestBodyBoundsTheBodyByItsSetting(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config transform.BodyConfig
		want   int64
	}{
		"the default is 10 MiB":     {transform.BodyConfig{}, 10 << 20},
		"a route may lower it":      {transform.BodyConfig{Max: 64 * registry.KiB}, 64 << 10},
		"a route may raise it":      {transform.BodyConfig{Max: registry.GiB}, 1 << 30},
		"buffering keeps the bound": {transform.BodyConfig{Max: 10, Buffer: true}, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, l := exchange("POST", "/", "hello"), &link{}
			x.Begin(l, pipeline.Raw{}, nil)
			_, err := serve(t, x, echo, build(t, transform.BodyPolicy(tc.config))...)
			require.NoError(t, err)
			require.Equal(t, []int64{tc.want}, l.max)
		})
	}
}

func TestADeclaredLengthBeyondTheBoundIsRefusedUnread(t *testing.T) {
	t.Parallel()
	x := exchange("POST", "/", "")
	x.In.Body, x.In.ContentLength = io.NopCloser(unread{t}), 11
	stages := build(t, transform.BodyPolicy(transform.BodyConfig{Max: 10, Buffer: true}))
	_, err := serve(t, x, echo, stages...)
	requireProblem(t, err, http.StatusRequestEntityTooLarge, pipeline.CodeBodyTooLarge)
	require.Equal(t, "body", x.Decisions()[0].Stage)
	require.Equal(t, pipeline.Deny, x.Decisions()[0].Verdict)
}

func TestABodyOfExactlyTheBoundPasses(t *testing.T) {
	t.Parallel()
	resp, err := serve(t, exchange("POST", "/", "0123456789"), echo,
		build(t, transform.BodyPolicy(transform.BodyConfig{Max: 10, Buffer: true}))...)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "0123456789", string(body))
}

func TestWithoutBufferTheBodyIsStreamed(t *testing.T) {
	t.Parallel()
	x := exchange("POST", "/", "")
	x.In.Body, x.In.ContentLength = io.NopCloser(unread{t}), -1
	_, err := serve(t, x, func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, 204, "", nil), nil
	}, build(t, transform.BodyPolicy(transform.BodyConfig{Max: 10}))...)
	require.NoError(t, err)
}

func TestBufferReadsTheWholeBodyBeforeItGoesOn(t *testing.T) {
	t.Parallel()
	x := exchange("POST", "/", "")
	source := strings.NewReader("hello")
	x.In.Body, x.In.ContentLength = io.NopCloser(source), -1
	_, err := serve(t, x, func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		require.Zero(t, source.Len(), "not all was read")
		require.True(t, x.Replayable(0))
		require.EqualValues(t, 5, x.Out(t.Context()).ContentLength)
		return pipeline.Respond(x, 204, "", nil), nil
	}, build(t, transform.BodyPolicy(transform.BodyConfig{Buffer: true}))...)
	require.NoError(t, err)
}

func TestBufferRefusesWhatCannotBeHeld(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body   io.Reader
		status int
		code   string
	}{
		"a longer body of undeclared length": {strings.NewReader("01234567890"), 413, pipeline.CodeBodyTooLarge},
		"a body that breaks":                 {io.MultiReader(strings.NewReader("01"), broken{}), 400, pipeline.CodeBodyMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := exchange("POST", "/", "")
			x.In.Body, x.In.ContentLength = io.NopCloser(tc.body), -1
			_, err := serve(t, x, func(context.Context, *pipeline.Exchange) (*http.Response, error) {
				t.Error("the backend was asked")
				return nil, nil
			}, build(t, transform.BodyPolicy(transform.BodyConfig{Max: 10, Buffer: true}))...)
			requireProblem(t, err, tc.status, tc.code)
			require.Equal(t, "body.buffer", x.Decisions()[0].Stage)
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("bad chunk") }

func TestNobodyIsBufferedForBeforeItIsKnownWhoCalls(t *testing.T) {
	t.Parallel()
	stages := build(t, transform.BodyPolicy(transform.BodyConfig{Buffer: true}))
	require.Len(t, stages, 2)
	require.Equal(t, pipeline.Guard, stages[0].Phase)
	require.Greater(t, stages[1].Phase, pipeline.Limit)
	require.Greater(t, stages[1].Phase, pipeline.Cache)
	require.Less(t, stages[1].Phase, pipeline.Transform)
	for _, s := range stages {
		require.Empty(t, s.Vary(exchange("POST", "/", "")))
	}
}

func TestBodySettingsAreChecked(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ config, want string }{
		"a size that is none":            {`{"max": "10MB"}`, "want a size"},
		"an unknown setting":             {`{"maximum": 10}`, "maximum"},
		"more than memory should hold":   {`{"max": "1GiB", "buffer": true}`, "at most 256MiB where buffer is true"},
		"buffering that is no true fact": {`{"buffer": "yes"}`, "buffer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tryBuild(t, registry.Policy{Kind: "body", Config: []byte(tc.config)})
			require.ErrorContains(t, err, tc.want)
		})
	}
	require.ErrorContains(t, transform.BodyConfig{Max: -1}.Validate(), "0 or more")
}

func BenchmarkBody(b *testing.B) {
	h := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, nil },
		build(b, transform.BodyPolicy(transform.BodyConfig{}))...)
	x := exchange("GET", "/", "")
	b.ReportAllocs()
	for b.Loop() {
		_, _ = h(b.Context(), x)
	}
}

func TestABodyThatMayNeverEndIsNotHeld(t *testing.T) {
	t.Parallel()
	_, err := tryBuild(t, transform.BodyPolicy(transform.BodyConfig{Buffer: true, Slow: true}))
	require.ErrorContains(t, err, "/slow")
}

func TestSlowLiftsTheLeastRateOfTheListener(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config transform.BodyConfig
		status int
	}{
		"a slow body is refused":                    {transform.BodyConfig{}, http.StatusRequestTimeout},
		"where the route is patient, it is awaited": {transform.BodyConfig{Slow: true}, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				h := edge.Handler(pipeline.Chain(echo, build(t, transform.BodyPolicy(tc.config))...))
				s := listen.NewServer(h, listen.Config{})
				ended := make(chan error, 1)
				go func() { ended <- s.Serve(&single{conn: theirs, over: make(chan struct{})}) }()
				go func() {
					_, _ = io.WriteString(ours, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\n")
					for range 3 {
						time.Sleep(time.Minute)
						if _, err := io.WriteString(ours, "x"); err != nil {
							return
						}
					}
				}()
				resp, err := http.ReadResponse(bufio.NewReader(ours), nil)
				require.NoError(t, err)
				require.Equal(t, tc.status, resp.StatusCode)
				require.NoError(t, ours.Close())
				require.NoError(t, s.Close())
				require.ErrorIs(t, <-ended, http.ErrServerClosed)
				time.Sleep(5 * time.Minute) // until whoever sends has noticed
			})
		})
	}
}

// A single is a listener of one connection.
type single struct {
	conn net.Conn
	over chan struct{}
	once sync.Once
}

func (s *single) Accept() (net.Conn, error) {
	if conn := s.conn; conn != nil {
		s.conn = nil
		return conn, nil
	}
	<-s.over
	return nil, net.ErrClosed
}

func (s *single) Close() error {
	s.once.Do(func() { close(s.over) })
	return nil
}

func (s *single) Addr() net.Addr { return &net.TCPAddr{} }

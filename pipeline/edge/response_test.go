package edge_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/stretchr/testify/require"
)

func TestWhatABackendIsBuiltOfStaysInside(t *testing.T) {
	t.Parallel()
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		x.SetReply("X-Ours", "1")
		x.SetReply("X-Both", "ours")
		x.SetReply("Vary", "Origin")
		resp := pipeline.Respond(x, http.StatusOK, "text/plain", []byte("x"))
		resp.Header = http.Header{
			"Server": {"secret/1"}, "X-Powered-By": {"php"}, "X-Aspnet-Version": {"4"}, "X-Debug-Token": {"1"},
			"Connection": {"close, X-Private, Content-Type"}, "X-Private": {"1"}, "Keep-Alive": {"timeout=1"},
			"Content-Type": {"text/plain"}, "X-Both": {"theirs"}, "Vary": {"Accept"}, "X-Kept": {"1"},
		}
		return resp, nil
	}
	resp, _ := do(t, request(t, http.MethodGet, serve(t, h, edge.Options{}).URL, nil))
	resp.Header.Del("Date")
	require.Equal(t, http.Header{
		"Content-Type": {"text/plain"}, "Content-Length": {"1"}, "Vary": {"Accept", "Origin"},
		"X-Both": {"ours"}, "X-Kept": {"1"}, "X-Ours": {"1"},
	}, resp.Header)
}

func TestNoContentTypeIsGuessed(t *testing.T) {
	t.Parallel()
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, http.StatusOK, "", []byte("<html>")), nil
	}
	resp, _ := do(t, request(t, http.MethodGet, serve(t, h, edge.Options{}).URL, nil))
	require.Empty(t, resp.Header.Values("Content-Type"))
}

func TestABodyOfAnotherLengthAborts(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"shorter": "abc", "longer": "abcdefg"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := newRecorder()
			h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
				resp := stream(x, "text/plain", io.NopCloser(strings.NewReader(text)))
				resp.ContentLength = 5
				return resp, nil
			}
			s := serve(t, h, edge.Options{Entry: rec.entry()})
			resp, err := client(t).Do(request(t, http.MethodGet, s.URL, nil))
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				require.NoError(t, resp.Body.Close())
			}
			require.Error(t, err)
			require.Error(t, rec.next(t).Err)
		})
	}
}

func TestABodyThatBreaksAborts(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func() (int, error){
		"with an error": func() (int, error) { return 0, errBackend },
		"with a panic":  func() (int, error) { panic("in a body") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec, first := newRecorder(), true
			b := newBody(func(p []byte) (int, error) {
				if !first {
					return fault()
				}
				first = false
				return copy(p, "half"), nil
			})
			h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
				return stream(x, "text/plain", b), nil
			}
			s := serve(t, h, edge.Options{Entry: rec.entry()})
			resp, err := client(t).Do(request(t, http.MethodGet, s.URL, nil))
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.Error(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, "half", string(body))
			sum := rec.next(t)
			require.Error(t, sum.Err)
			require.Equal(t, 200, sum.Status)
			require.Equal(t, 1, b.closes())
			require.Empty(t, rec)
		})
	}
}

func TestAStreamIsFlushedAsItComes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		contentType string
		length      int64
		stalled     bool
	}{
		"of unknown length":                    {"text/plain", -1, false},
		"of events":                            {"text/event-stream", -1, false},
		"of known length that says it stalled": {"text/plain", 8, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			more := make(chan string)
			h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
				resp := stream(x, c.contentType, newBody(func(p []byte) (int, error) {
					if c.stalled {
						x.Stalled()
					}
					text, ok := <-more
					if !ok {
						return 0, io.EOF
					}
					return copy(p, text), nil
				}))
				resp.ContentLength = c.length
				return resp, nil
			}
			s := serve(t, h, edge.Options{})
			resp, err := client(t).Do(request(t, http.MethodGet, s.URL, nil))
			require.NoError(t, err)
			defer func() { _ = resp.Body.Close() }()
			r := bufio.NewReader(resp.Body)
			for _, text := range []string{"one\n", "two\n"} {
				more <- text
				line, err := r.ReadString('\n')
				require.NoError(t, err)
				require.Equal(t, text, line)
			}
			close(more)
			_, err = r.ReadByte()
			require.ErrorIs(t, err, io.EOF)
		})
	}
}

func TestEventsEndWhenTheirRouteRetires(t *testing.T) {
	t.Parallel()
	rec, closing := newRecorder(), make(chan struct{})
	entry := rec.entry()
	entry.Closing = closing
	first := true
	var b *body
	b = newBody(func(p []byte) (int, error) {
		if first {
			first = false
			return copy(p, "data: 1\n\n"), nil
		}
		<-b.gone
		return 0, errBackend
	})
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return stream(x, "text/event-stream; charset=utf-8", b), nil
	}
	s := serve(t, h, edge.Options{Entry: entry})
	resp, err := client(t).Do(request(t, http.MethodGet, s.URL, nil))
	require.NoError(t, err)
	close(closing)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err, "the stream ends, it does not break")
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "data: 1\n\n", string(body))
	require.NoError(t, rec.next(t).Err)
}

func TestABackendIsLetGoWhenItsClientGoes(t *testing.T) {
	t.Parallel()
	rec := newRecorder()
	b := newBody(func(p []byte) (int, error) { return copy(p, "more and more"), nil })
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return stream(x, "text/plain", b), nil
	}
	s := serve(t, h, edge.Options{Entry: rec.entry()})
	ctx, cancel := context.WithCancel(t.Context())
	resp, err := client(t).Do(request(t, http.MethodGet, s.URL, nil).WithContext(ctx))
	require.NoError(t, err)
	cancel()
	require.NoError(t, resp.Body.Close())
	<-b.gone
	var p *pipeline.Problem
	require.ErrorAs(t, rec.next(t).Err, &p)
	require.Equal(t, pipeline.CodeClientGone, p.Code)
}

func TestAClientThatGoesBeforeTheHeadIs499(t *testing.T) {
	t.Parallel()
	rec, entered := newRecorder(), make(chan struct{})
	h := func(ctx context.Context, _ *pipeline.Exchange) (*http.Response, error) {
		close(entered)
		<-ctx.Done()
		return nil, &pipeline.UpstreamError{Kind: pipeline.UpstreamReset, Err: ctx.Err()}
	}
	s := serve(t, h, edge.Options{Entry: rec.entry()})
	conn := dial(t, s.URL)
	_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	require.NoError(t, err)
	<-entered
	require.NoError(t, conn.Close())
	require.Equal(t, 499, rec.next(t).Status)
}

func TestInterimResponsesAreCleanAndFew(t *testing.T) {
	t.Parallel()
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		x.SetReply("X-Secret", "final only")
		hints := http.Header{"Link": {"</a>"}, "Keep-Alive": {"1"}, "Connection": {"close, X-Hop"}, "X-Hop": {"1"}, "Server": {"s"}}
		x.Interim(http.StatusContinue, hints)
		x.Interim(http.StatusSwitchingProtocols, hints)
		for range 9 {
			x.Interim(http.StatusEarlyHints, hints)
		}
		go x.Interim(http.StatusEarlyHints, hints) // beside the final head
		return pipeline.Respond(x, http.StatusOK, "text/plain", []byte("x")), nil
	}
	s := serve(t, h, edge.Options{})
	conn := dial(t, s.URL)
	_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	r := bufio.NewReader(conn)
	for range 5 {
		resp, err := http.ReadResponse(r, nil)
		require.NoError(t, err)
		require.Equal(t, 103, resp.StatusCode)
		require.Equal(t, http.Header{"Link": {"</a>"}}, resp.Header)
	}
	resp, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, "final only", resp.Header.Get("X-Secret"))
	require.Empty(t, resp.Header.Get("Link"))
}

func TestAControlCharacterInAResponseFieldIsRefused(t *testing.T) {
	t.Parallel()
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, http.StatusOK, "text/plain", []byte("x"))
		resp.Header.Set("X-Split", "a\r\nSet-Cookie: b=1")
		return resp, nil
	}
	resp, _ := do(t, request(t, http.MethodGet, serve(t, h, edge.Options{}).URL, nil))
	require.Equal(t, 502, resp.StatusCode)
	require.Empty(t, resp.Header.Get("Set-Cookie"))
}

func TestNothingIsSentAfterTheEnd(t *testing.T) {
	t.Parallel()
	kept := make(chan *pipeline.Exchange, 1)
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		kept <- x
		return nil, pipeline.Refuse(499, pipeline.CodeClientGone, "")
	}
	e, err := edge.New(h, edge.Options{})
	require.NoError(t, err)
	w := &writer{header: http.Header{}}
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { e.ServeHTTP(w, plainRequest()) })
	(<-kept).Interim(http.StatusEarlyHints, http.Header{"Link": {"</a>"}})
	require.Zero(t, w.status)
}

func TestHeadTellsTheLengthOfWhatGetWouldGet(t *testing.T) {
	t.Parallel()
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, http.StatusOK, "text/plain", []byte("12345"))
		resp.Trailer = http.Header{"X-Sum": {"1"}}
		return resp, nil
	}
	resp, body := do(t, request(t, http.MethodHead, serve(t, h, edge.Options{}).URL, nil))
	require.Equal(t, int64(5), resp.ContentLength)
	require.Empty(t, body)
}

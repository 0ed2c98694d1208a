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

// refuse refuses everything without a look at the body.
func refuse(status int, code string) pipeline.Handler {
	return func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		return nil, pipeline.Refuse(status, code, "No.")
	}
}

// begin sends a raw beginning of a request and reads the head of the answer.
func begin(t *testing.T, at, raw string) (io.Writer, *bufio.Reader, *http.Response) {
	t.Helper()
	conn := dial(t, at)
	_, err := io.WriteString(conn, raw)
	require.NoError(t, err)
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	return conn, r, resp
}

func TestARefusalDoesNotWaitForTheBody(t *testing.T) {
	t.Parallel()
	s := serve(t, refuse(403, "no"), edge.Options{})
	for name, raw := range map[string]string{
		"of a length":     "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf",
		"of great length": "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\nhalf",
		"in chunks":       "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, r, resp := begin(t, s.URL, raw)
			require.Equal(t, 403, resp.StatusCode)
			require.True(t, resp.Close, "what remains of the body must not be read as a request")
			_, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			_, err = r.ReadByte()
			require.ErrorIs(t, err, io.EOF)
		})
	}
}

func TestRequestsThatAreNotAdmittedAreAnsweredOnTheWire(t *testing.T) {
	t.Parallel()
	s := serve(t, respond("yes"), edge.Options{})
	for name, test := range map[string]struct {
		head   string
		status int
	}{
		"an underscore in a name":  {"X_Consumer: acme\r\n", 400},
		"too many fields":          {strings.Repeat("X-A: a\r\n", 200), 431},
		"fields that are too long": {strings.Repeat("X-A: "+strings.Repeat("a", 4000)+"\r\n", 9), 431},
		"a host that is none":      {"X-A: a\r\n", 400},
	} {
		for body, raw := range map[string]string{
			"without a body": "\r\n", "with a body": "Content-Length: 4\r\n\r\nbody", "with a body to come": "Content-Length: 9000\r\n\r\nbody",
		} {
			t.Run(name+" "+body, func(t *testing.T) {
				t.Parallel()
				host := "h"
				if name == "a host that is none" {
					host = "[::1"
				}
				_, _, resp := begin(t, s.URL, "POST / HTTP/1.1\r\nHost: "+host+"\r\n"+test.head+raw)
				require.Equal(t, test.status, resp.StatusCode)
				require.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"))
			})
		}
	}
}

func TestAConnectionLivesOnAfterARefusedBodyThatWasThere(t *testing.T) {
	t.Parallel()
	s := serve(t, refuse(403, "no"), edge.Options{})
	conn, r, resp := begin(t, s.URL, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
	require.False(t, resp.Close)
	_, err := io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	require.NoError(t, err)
	resp, err = http.ReadResponse(r, nil)
	require.NoError(t, err)
	require.Equal(t, 403, resp.StatusCode)
}

func TestARefusalSendsNoContinue(t *testing.T) {
	t.Parallel()
	s := serve(t, refuse(401, "no"), edge.Options{})
	_, _, resp := begin(t, s.URL, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
	require.Equal(t, 401, resp.StatusCode)
	require.True(t, resp.Close)
}

func TestABodyAnnouncedAsTooLongIsRefusedWithoutContinue(t *testing.T) {
	t.Parallel()
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		x.LimitBody(3)
		_, err := io.ReadAll(x.In.Body)
		return nil, err
	}
	s := serve(t, h, edge.Options{})
	_, _, resp := begin(t, s.URL, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
	require.Equal(t, 413, resp.StatusCode)
}

func TestAnAnswerComesWhileSomebodyReadsTheBody(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		reading := make(chan struct{})
		go func() {
			_, _ = x.In.Body.Read(make([]byte, 4))
			close(reading)
			_, err := x.In.Body.Read(make([]byte, 4)) // the client sends no more
			ended <- err
		}()
		<-reading
		return pipeline.Respond(x, http.StatusOK, "text/plain", []byte("early")), nil
	}
	s := serve(t, h, edge.Options{})
	_, _, resp := begin(t, s.URL, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf")
	require.Equal(t, 200, resp.StatusCode)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "early", string(body))
	require.Error(t, <-ended)
}

func TestABackendMayAnswerBeforeItHasTheWholeBody(t *testing.T) {
	t.Parallel()
	back := server(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("Connection", "close")
		http.Error(w, "too much", http.StatusRequestEntityTooLarge)
	}))
	s := serve(t, forward(t, back.URL), edge.Options{})
	_, _, resp := begin(t, s.URL, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nhalf")
	require.Equal(t, 413, resp.StatusCode)
}

func TestARequestIsEchoedWhileItIsSent(t *testing.T) {
	t.Parallel()
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return stream(x, "text/plain", io.NopCloser(x.In.Body)), nil
	}
	s := serve(t, h, edge.Options{})
	conn, _, resp := begin(t, s.URL, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
	r := bufio.NewReader(resp.Body)
	for _, word := range []string{"one\n", "two\n"} {
		_, err := io.WriteString(conn, "4\r\n"+word+"\r\n")
		require.NoError(t, err)
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, word, line)
	}
	_, err := io.WriteString(conn, "0\r\n\r\n")
	require.NoError(t, err)
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Empty(t, rest)
}

func TestReadsAfterTheEndFail(t *testing.T) {
	t.Parallel()
	kept := make(chan io.Reader, 1)
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		kept <- x.In.Body
		return pipeline.Respond(x, http.StatusOK, "", nil), nil
	}
	s := serve(t, h, edge.Options{})
	resp, _ := do(t, request(t, http.MethodPost, s.URL, strings.NewReader("abc")))
	require.Equal(t, 200, resp.StatusCode)
	_, err := (<-kept).Read(make([]byte, 3))
	require.Error(t, err)
	require.NotErrorIs(t, err, io.EOF)
}

func TestNoInterimResponseComesWhileTheBodyIsAskedFor(t *testing.T) {
	t.Parallel()
	asked, hinted := make(chan struct{}), make(chan struct{})
	h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		go func() {
			<-asked
			x.Interim(http.StatusEarlyHints, http.Header{"Link": {"</a>"}})
			close(hinted)
		}()
		body, err := io.ReadAll(x.In.Body)
		if err != nil {
			return nil, err
		}
		return pipeline.Respond(x, http.StatusOK, "text/plain", body), nil
	}
	s := serve(t, h, edge.Options{})
	conn, r, resp := begin(t, s.URL, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
	require.Equal(t, 100, resp.StatusCode)
	close(asked)
	<-hinted
	_, err := io.WriteString(conn, "body")
	require.NoError(t, err)
	resp, err = http.ReadResponse(r, nil)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
}

package upstream_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

func TestAnAnswerPassesWhole(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Method", r.Method)
		w.Header().Add("X-Many", "1")
		w.Header().Add("X-Many", "2")
		w.WriteHeader(http.StatusTeapot)
		body, _ := io.ReadAll(r.Body)
		write(w, r.URL.RequestURI()+":"+string(body))
	}
	onBothForms(t, h, func(t *testing.T, serve pipeline.Handler) {
		x := exchange(t, "POST", "http://a.example/x%2Fy?a=1;b=%41&&", strings.NewReader("hello"))
		resp, body := answer(t, serve, x)
		require.Equal(t, http.StatusTeapot, resp.StatusCode)
		require.Equal(t, "/x%2Fy?a=1;b=%41&&:hello", body)
		require.Equal(t, int64(len(body)), resp.ContentLength)
		require.Equal(t, []string{"1", "2"}, resp.Header["X-Many"])
		require.Equal(t, "text/plain; charset=utf-8", resp.Header.Get("Content-Type"))
	})
}

func TestAnswersWithoutBody(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(http.StatusNoContent)
		case "/304":
			w.Header().Set("ETag", `"a"`)
			w.WriteHeader(http.StatusNotModified)
		case "/head":
			w.Header().Set("Content-Length", "1000000")
		case "/small":
			write(w, "four")
		}
	}
	for _, c := range []struct {
		name, method, path string
		status             int
		length             int64
	}{
		{"204 has none", "GET", "/204", 204, 0},
		{"304 has none", "GET", "/304", 304, 0},
		{"HEAD keeps the length that was declared", "HEAD", "/head", 200, 1000000},
		{"HEAD has the length of what was written", "HEAD", "/small", 200, 4},
		{"nothing written is an empty body", "GET", "/nothing", 200, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			onBothForms(t, h, func(t *testing.T, serve pipeline.Handler) {
				resp, body := answer(t, serve, exchange(t, c.method, c.path, nil))
				require.Equal(t, c.status, resp.StatusCode)
				require.Equal(t, c.length, max(resp.ContentLength, 0))
				require.Empty(t, body)
			})
		})
	}
}

func TestTheFirstEventArrivesBeforeTheBackendIsDone(t *testing.T) {
	t.Parallel()
	for _, declared := range []string{"", "6"} {
		t.Run("with the length "+declared, func(t *testing.T) {
			t.Parallel()
			onEachForm(t, func(t *testing.T, form func(http.HandlerFunc) pipeline.Handler) {
				seen := make(chan struct{})
				serve := form(func(w http.ResponseWriter, r *http.Request) {
					if declared != "" {
						w.Header().Set("Content-Length", declared)
					}
					write(w, "one")
					w.(http.Flusher).Flush()
					select {
					case <-seen:
						write(w, "two")
					case <-r.Context().Done():
					}
				})
				x, l := linked(t, "GET", "/", nil)
				resp, err := serve(t.Context(), x)
				require.NoError(t, err)
				first := make([]byte, 64)
				n, err := resp.Body.Read(first)
				require.NoError(t, err)
				require.Equal(t, "one", string(first[:n]))
				close(seen)
				rest, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.Equal(t, "two", string(rest))
				require.NoError(t, resp.Body.Close())
				if declared != "" {
					require.Positive(t, l.stalls, "a pause in a body of known length is told")
				}
			})
		})
	}
}

func TestBothSidesTalkAtOnce(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			write(w, "heard "+lines.Text()+"\n")
			w.(http.Flusher).Flush()
		}
	}
	onBothForms(t, h, func(t *testing.T, serve pipeline.Handler) {
		up, talk := io.Pipe()
		x := exchange(t, "POST", "/", up)
		x.In.ContentLength = -1
		go write(talk, "a\n")
		resp, err := serve(t.Context(), x)
		require.NoError(t, err)
		down := bufio.NewReader(resp.Body)
		for _, next := range []string{"a", "b", "c"} {
			if next != "a" {
				write(talk, next+"\n")
			}
			line, err := down.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "heard "+next+"\n", line)
		}
		require.NoError(t, talk.Close())
		_, err = down.ReadByte()
		require.ErrorIs(t, err, io.EOF)
		require.NoError(t, resp.Body.Close())
	})
}

func TestTrailersPassBothWays(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.Copy(io.Discard, r.Body)
		write(w, "body")
		w.Header().Set("X-Sum", r.Trailer.Get("X-In"))
		w.Header().Set(http.TrailerPrefix+"X-Late", "yes")
	}
	onBothForms(t, h, func(t *testing.T, serve pipeline.Handler) {
		x := exchange(t, "POST", "/", nil)
		x.In.ContentLength = -1
		x.In.Trailer = http.Header{"X-In": nil}
		x.In.Body = &trailing{Reader: strings.NewReader("up"), at: x.In.Trailer}
		resp, err := serve(t.Context(), x)
		require.NoError(t, err)
		require.Contains(t, resp.Trailer, "X-Sum", "announced with the head")
		require.Empty(t, resp.Header.Get("Trailer"))
		_, err = io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, "42", resp.Trailer.Get("X-Sum"))
		require.Equal(t, "yes", resp.Trailer.Get("X-Late"))
	})
}

// trailing fills the trailers in when the body ends, as net/http does.
type trailing struct {
	io.Reader
	at http.Header
}

func (b *trailing) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		b.at["X-In"] = []string{"42"}
	}
	return n, err
}

func (b *trailing) Close() error { return nil }

func TestInterimResponsesPass(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusProcessing)
		w.WriteHeader(http.StatusOK)
	}
	onBothForms(t, h, func(t *testing.T, serve pipeline.Handler) {
		x, l := linked(t, "GET", "/", nil)
		resp, _ := answer(t, serve, x)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Equal(t, []int{103, 102}, l.interims)
		require.Equal(t, "</a.css>; rel=preload", l.headers[0].Get("Link"))
	})
}

func TestAnEarlyAnswerDoesNotWaitForTheRequest(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.WriteHeader(http.StatusForbidden)
		write(w, "no")
	}
	onBothForms(t, h, func(t *testing.T, serve pipeline.Handler) {
		up, talk := io.Pipe()
		t.Cleanup(func() { _ = talk.Close() })
		x := exchange(t, "POST", "/", up)
		x.In.ContentLength = -1
		resp, body := answer(t, serve, x)
		require.Equal(t, http.StatusForbidden, resp.StatusCode)
		require.Equal(t, "no", body)
	})
}

func TestABodyThatBreaksIsNoEnd(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/declared" {
			w.Header().Set("Content-Length", "100")
		}
		write(w, "part")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	for _, path := range []string{"/chunked", "/declared"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			onBothForms(t, h, func(t *testing.T, serve pipeline.Handler) {
				resp, err := serve(t.Context(), exchange(t, "GET", path, nil))
				require.NoError(t, err)
				body, err := io.ReadAll(resp.Body)
				require.Error(t, err)
				require.Equal(t, "part", string(body))
				require.NoError(t, resp.Body.Close())
			})
		})
	}
}

func TestAClientThatLeavesEndsTheBackend(t *testing.T) {
	t.Parallel()
	for _, begun := range []bool{false, true} {
		name := "before the head"
		if begun {
			name = "during the body"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachForm(t, func(t *testing.T, form func(http.HandlerFunc) pipeline.Handler) {
				entered, ended := make(chan struct{}), make(chan struct{})
				serve := form(func(w http.ResponseWriter, r *http.Request) {
					defer close(ended)
					if begun {
						w.(http.Flusher).Flush()
					}
					close(entered)
					<-r.Context().Done()
				})
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				if !begun {
					go func() { <-entered; leave() }()
				}
				resp, err := serve(ctx, exchange(t, "GET", "/", nil))
				if begun {
					require.NoError(t, err)
					leave()
					_, err = io.ReadAll(resp.Body)
					require.NoError(t, resp.Body.Close())
				}
				require.ErrorIs(t, err, context.Canceled)
				<-ended
			})
		})
	}
}

func TestALateHeadIsATimeout(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	onBothForms(t, h, func(t *testing.T, serve pipeline.Handler) {
		x := exchange(t, "GET", "/", nil)
		x.Hasten(time.Now().Add(200 * time.Millisecond))
		u := fails(t, serve, x)
		require.Equal(t, pipeline.UpstreamTimeout, u.Kind)
		require.True(t, u.Sent)
		require.Equal(t, http.StatusGatewayTimeout, u.Status())
	})
}

func TestTheDeadlineDoesNotEndABody(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		deadline := time.NewTimer(700 * time.Millisecond)
		defer deadline.Stop()
		select {
		case <-deadline.C:
			write(w, "still here")
		case <-r.Context().Done():
		}
	}
	onBothForms(t, h, func(t *testing.T, serve pipeline.Handler) {
		x := exchange(t, "GET", "/", nil)
		x.Hasten(time.Now().Add(400 * time.Millisecond))
		_, body := answer(t, serve, x)
		require.Equal(t, "still here", body)
	})
}

func TestABrokenRequestBodyIsTheClientsFault(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	}
	onBothForms(t, h, func(t *testing.T, serve pipeline.Handler) {
		x := exchange(t, "POST", "/", nil)
		x.In.ContentLength = -1
		x.In.Body = io.NopCloser(io.MultiReader(strings.NewReader("some"), broken{pipeline.TooLarge(4)}))
		_, err := serve(t.Context(), x)
		var p *pipeline.Problem
		require.ErrorAs(t, err, &p)
		require.Equal(t, http.StatusRequestEntityTooLarge, p.Status)
	})
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

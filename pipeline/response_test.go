package pipeline_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

func TestRespond(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, want string
		status             int
		length             int64
	}{
		{"an ordinary answer bears its body", http.MethodGet, "hello", 200, 5},
		{"HEAD has the length and no body", http.MethodHead, "", 200, 5},
		{"204 has neither", http.MethodGet, "", 204, 0},
		{"304 has neither", http.MethodGet, "", 304, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			x := exchange(test.method, "/", "")
			resp := pipeline.Respond(x, test.status, "text/plain", []byte("hello"))
			require.Equal(t, test.status, resp.StatusCode)
			require.Equal(t, test.length, resp.ContentLength)
			require.Equal(t, "text/plain", resp.Header.Get("Content-Type"))
			require.Same(t, x.In, resp.Request)
			require.Equal(t, test.want, read(t, resp.Body))
			require.NoError(t, resp.Body.Close())
		})
	}
	require.NotNil(t, pipeline.Respond(&pipeline.Exchange{}, 200, "", nil).Body, "also without a request")
}

func upper(r io.Reader) io.Reader { return mapped{r} }

type mapped struct{ r io.Reader }

func (m mapped) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	copy(p, bytes.ToUpper(p[:n]))
	return n, err
}

func answer(method string, status int, b io.ReadCloser) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{}, Body: b, ContentLength: 5,
		Request: &http.Request{Method: method},
	}
}

func TestWrapReplacesTheBody(t *testing.T) {
	t.Parallel()
	b := &body{Reader: strings.NewReader("hello")}
	resp := answer(http.MethodGet, 200, b)
	resp.Header = http.Header{"Content-Type": {"text/plain"}}
	gone := []string{"Content-Length", "Etag", "Digest", "Content-Digest", "Repr-Digest", "Content-Md5", "Accept-Ranges", "Content-Range"}
	for _, field := range gone {
		resp.Header.Set(field, "x")
	}
	require.True(t, pipeline.Wrap(resp, upper))
	require.EqualValues(t, -1, resp.ContentLength)
	require.Equal(t, http.Header{"Content-Type": {"text/plain"}}, resp.Header, "what no longer holds is forgotten")
	_, promoted := resp.Body.(io.WriterTo)
	require.False(t, promoted, "a promoted WriteTo would pass by Read")
	require.Equal(t, "HELLO", read(t, resp.Body))
	require.NoError(t, resp.Body.Close())
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 1, b.closed)
}

func TestWrapClosesTheInnerBodyAlsoWhereItWasNeverRead(t *testing.T) {
	t.Parallel()
	b := &body{Reader: strings.NewReader("hello")}
	resp := answer(http.MethodGet, 200, b)
	require.True(t, pipeline.Wrap(resp, upper))
	require.True(t, pipeline.Wrap(resp, upper), "also twice around")
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 1, b.closed)
}

func TestWrapRefusesWhereThereIsNoBody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		method string
		status int
		none   bool
	}{
		{"HEAD", http.MethodHead, 200, false},
		{"1xx", http.MethodGet, 103, false},
		{"101", http.MethodGet, 101, false},
		{"204", http.MethodGet, 204, false},
		{"304", http.MethodGet, 304, false},
		{"NoBody", http.MethodGet, 200, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var b io.ReadCloser = &body{Reader: strings.NewReader("")}
			if test.none {
				b = http.NoBody
			}
			resp := answer(test.method, test.status, b)
			resp.Header.Set("Etag", "x")
			require.False(t, pipeline.Wrap(resp, func(io.Reader) io.Reader { panic("called") }))
			require.Equal(t, b, resp.Body)
			require.EqualValues(t, 5, resp.ContentLength)
			require.Equal(t, "x", resp.Header.Get("Etag"))
		})
	}
	resp := answer(http.MethodGet, 200, nil)
	require.False(t, pipeline.Wrap(resp, upper), "nil")
}

func TestWrapEndsWithEOFOnlyWhereTheBodyIsWhole(t *testing.T) {
	t.Parallel()
	cut := errors.New("cut")
	for _, made := range []error{io.EOF, nil} {
		resp := answer(http.MethodGet, 200, io.NopCloser(io.MultiReader(strings.NewReader("he"), broken{cut})))
		pipeline.Wrap(resp, func(r io.Reader) io.Reader { return swallowing{r, made} })
		got, err := io.ReadAll(resp.Body)
		require.Equal(t, "he", string(got))
		require.ErrorIs(t, err, cut)
	}
}

// swallowing makes made of the error of r, where made is not nil.
type swallowing struct {
	r    io.Reader
	made error
}

func (s swallowing) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && s.made != nil {
		err = s.made
	}
	return n, err
}

func TestWrapCanBeClosedDuringARead(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	counted := &countedPipe{PipeReader: r}
	resp := answer(http.MethodGet, 200, counted)
	require.True(t, pipeline.Wrap(resp, upper))

	reading := make(chan error, 1)
	go func() {
		_, err := io.ReadAll(resp.Body)
		reading <- err
	}()
	_, err := w.Write([]byte("now somebody reads"))
	require.NoError(t, err)
	var closers sync.WaitGroup
	for range 4 {
		closers.Go(func() { _ = resp.Body.Close() })
	}
	closers.Wait()
	require.Error(t, <-reading, "the Read returns, and not with io.EOF")
	require.EqualValues(t, 1, counted.closed.Load())
}

type countedPipe struct {
	*io.PipeReader
	closed atomic.Int32
}

func (p *countedPipe) Close() error {
	p.closed.Add(1)
	return p.PipeReader.Close()
}

func TestWrapKeepsTrailersThatComeLate(t *testing.T) {
	t.Parallel()
	resp := answer(http.MethodGet, 200, nil)
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("hello"), late{resp}))
	pipeline.Wrap(resp, upper)
	require.Equal(t, "HELLO", read(t, resp.Body))
	require.Equal(t, "sum", resp.Trailer.Get("X-Sum"))
}

// late announces nothing and sets a trailer at the end, as transports do.
type late struct{ resp *http.Response }

func (l late) Read([]byte) (int, error) {
	l.resp.Trailer = http.Header{"X-Sum": {"sum"}}
	return 0, io.EOF
}

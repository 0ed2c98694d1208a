package upstream_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// through makes a chain of one round-tripper around an echo.
func through(t *testing.T, f func(next http.RoundTripper, r *http.Request) (*http.Response, error)) pipeline.Handler {
	t.Helper()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		write(w, r.RequestURI+" "+strings.Join(r.Header["X-A"], "|")+" "+r.Header.Get("X-B")+" "+string(body))
	})
	return pipeline.Chain(overNetwork(t, "direct", echo).Serve, upstream.RoundTripper("signing", func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) { return f(next, r) })
	}))
}

func TestARoundTripperIsAStage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		f    func(next http.RoundTripper, r *http.Request) (*http.Response, error)
		want string
	}{
		{"that alters nothing", func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			return next.RoundTrip(r)
		}, "/a?b 1 2 body"},
		{"that alters fields", func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.Header.Add("X-A", "more")
			r.Header.Del("X-B")
			return next.RoundTrip(r)
		}, "/a?b 1|more  body"},
		{"that alters target and body", func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawQuery = "/c", ""
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("new")), 3
			return next.RoundTrip(r)
		}, "/c 1 2 new"},
		{"that sends twice", func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			first := r.Clone(r.Context())
			first.Header.Set("X-A", "first")
			first.Body, first.ContentLength = http.NoBody, 0
			resp, err := next.RoundTrip(first)
			if err != nil {
				return nil, err
			}
			_ = resp.Body.Close()
			return next.RoundTrip(r)
		}, "/a?b 1 2 body"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := exchange(t, "POST", "/a?b", strings.NewReader("body"))
			x.Set("X-A", "1")
			x.In.Header.Set("X-B", "2")
			_, body := answer(t, through(t, c.f), x)
			require.Equal(t, c.want, body)
		})
	}
}

func TestARoundTripperIsHeldToTheContract(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for _, c := range []struct {
		name string
		f    func(next http.RoundTripper, r *http.Request) (*http.Response, error)
		want string
	}{
		{"its error is the error", func(http.RoundTripper, *http.Request) (*http.Response, error) { return nil, boom }, "boom"},
		{"an error beside a response counts", func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			resp, _ := next.RoundTrip(r)
			return resp, boom
		}, "boom"},
		{"nothing at all is an error", func(http.RoundTripper, *http.Request) (*http.Response, error) { return nil, nil }, "neither"},
		{"the method stays", func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.Method = "DELETE"
			return next.RoundTrip(r)
		}, "method"},
		{"the context is kept", func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			return next.RoundTrip(r.WithContext(t.Context()))
		}, "context"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			resp, err := through(t, c.f)(t.Context(), exchange(t, "POST", "/", strings.NewReader("body")))
			require.Nil(t, resp)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestTheTransportMayBeWrapped(t *testing.T) {
	t.Parallel()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { write(w, r.Header.Get("X-Seen")) })
	up := newUpstream(t, one(backend(t, h)), upstream.Options{Transport: wrapped})
	_, body := answer(t, up.Serve, exchange(t, "GET", "/", nil))
	require.Equal(t, "users", body)
}

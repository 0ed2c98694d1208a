package edge_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
)

// A flushing writer counts the flushes.
type flushing struct {
	sink
	flushes int
}

func (f *flushing) Flush() { f.flushes++ }

// TestABodyThatIsMadeOfOneOfKnownLengthGoesInOnePiece: what a stage rewrites
// has no length any more, and is still not flushed with each read.
func TestABodyThatIsMadeOfOneOfKnownLengthGoesInOnePiece(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		length int64
		stalls int
		want   int
	}{
		{"a known length is not flushed", 3, 0, 0},
		{"from a pause that is told on, each read is", 3, 1, 3},
		{"a stream is flushed with its head and each read", -1, 0, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := &flushing{sink: sink{http.Header{}}}
			edge.Handler(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
				reads := 0
				b := newBody(func(p []byte) (int, error) {
					if reads++; reads > 3 {
						return 0, io.EOF
					}
					if reads == 2 && test.stalls > 0 {
						x.Stalled()
					}
					p[0] = 'x'
					return 1, nil
				})
				resp := stream(x, "text/plain", b)
				resp.ContentLength = test.length
				require.True(t, pipeline.Wrap(resp, func(r io.Reader) io.Reader { return r }))
				return resp, nil
			}).ServeHTTP(w, plainRequest())
			require.Equal(t, test.want, w.flushes)
		})
	}
}

func TestLateTrailersOfABodyThatGoesInOnePieceComeThrough(t *testing.T) {
	t.Parallel()
	s := serve(t, func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, http.StatusOK, "text/plain", []byte("hello"))
		resp.Trailer = http.Header{}
		inner := resp.Body
		resp.Body = newBody(func(p []byte) (int, error) {
			n, err := inner.Read(p)
			if err != nil {
				resp.Trailer.Set("X-Late", "1") // nobody had announced it
			}
			return n, err
		})
		require.True(t, pipeline.Wrap(resp, func(r io.Reader) io.Reader { return r }))
		return resp, nil
	}, edge.Options{})
	resp, body := do(t, request(t, http.MethodGet, s.URL, nil))
	require.Equal(t, "hello", body)
	require.Equal(t, "1", resp.Trailer.Get("X-Late"))
}

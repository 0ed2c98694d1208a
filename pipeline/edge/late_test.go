package edge_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
)

// net/http ends the context of a request before the read of its body that
// failed returns.
func TestABodyThatIsLateIsNoClientThatLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := plainRequest().WithContext(ctx)
		r.Method, r.ContentLength = http.MethodPost, 5
		r.Body = io.NopCloser(newBody(func([]byte) (int, error) {
			cancel()
			time.Sleep(5 * time.Millisecond)
			return 0, os.ErrDeadlineExceeded
		}))
		w := &writer{header: http.Header{}}
		edge.Handler(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			go func() { _, _ = io.Copy(io.Discard, x.In.Body) }()
			<-ctx.Done()
			return nil, ctx.Err()
		}).ServeHTTP(w, r)
		require.Equal(t, http.StatusRequestTimeout, w.status)
		require.Contains(t, w.body.String(), pipeline.CodeBodyTimeout)
	})
}

package listen_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// reading reads the body and answers 204.
func reading(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, x.In.Body); err != nil {
		return nil, err
	}
	return pipeline.Respond(x, http.StatusNoContent, "", nil), nil
}

func TestTheEdgeAnswersForABodyThatIsAtFault(t *testing.T) {
	t.Parallel()
	addr := serve(t, edge.Handler(reading), listen.Config{})
	for name, body := range map[string]string{
		"a size that is none":            "zz\r\n",
		"a size too long":                "00000000000000001\r\n",
		"a size that ends with LF":       "5\n",
		"a size that ends with CR":       "5\rx",
		"an extension with a control":    "5;\x01\r\n",
		"a chunk that is too long":       "4\r\nhello\r\n",
		"a chunk that ends with CR":      "5\r\nhello\rx",
		"a trailer of a head":            hello + "0\r\nHost: b\r\n\r\n",
		"a trailer with a bare LF":       hello + "0\r\nX: y\n\r\n",
		"a second trailer that is wrong": hello + "0\r\nX: y\r\n Z\r\n\r\n",
	} {
		got := exchange(dial(t, addr), chunked+body)
		require.Contains(t, got, "HTTP/1.1 400 ", name)
		require.Contains(t, got, pipeline.CodeBodyMalformed, name)
		require.Contains(t, got, "Connection: close", name)
	}
	require.Contains(t, exchange(dial(t, addr), chunked+hello+last), "HTTP/1.1 204 ")
	require.Contains(t, exchange(dial(t, addr), "OPTIONS * HTTP/1.1\r\n"+host+"\r\n"), "HTTP/1.1 204 ")
}

func TestTheEdgeAnswersForABodyThatIsTooSlow(t *testing.T) {
	h := edge.Handler(reading)
	virtual(t, h.ServeHTTP, listen.Config{}, func(t *testing.T, v *clients) {
		for _, body := range []string{"Content-Length: 5\r\n\r\nhell", "Transfer-Encoding: chunked\r\n\r\n5\r\nhell"} {
			conn := v.dial()
			start := time.Now()
			v.Go(func() { _, _ = io.WriteString(conn, post+body) })
			require.Equal(t, []int{http.StatusRequestTimeout}, answers(t, conn))
			require.InDelta(t, 10, time.Since(start).Seconds(), 1)
			require.NoError(t, conn.Close())
		}
	})
}

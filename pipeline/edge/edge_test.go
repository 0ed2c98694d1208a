package edge_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/stretchr/testify/require"
)

func TestAnExchangeIsServed(t *testing.T) {
	t.Parallel()
	rec := newRecorder()
	s := serve(t, respond("hello"), edge.Options{Entry: rec.entry()})
	resp, body := do(t, request(t, http.MethodPost, s.URL+"/a", strings.NewReader("abc")))
	require.Equal(t, "hello", body)
	require.Equal(t, int64(5), resp.ContentLength)
	require.Equal(t, "text/plain", resp.Header.Get("Content-Type"))
	sum := rec.next(t)
	require.Equal(t, 200, sum.Status)
	require.Equal(t, int64(5), sum.BytesOut)
	require.NoError(t, sum.Err)
	require.Empty(t, rec)
}

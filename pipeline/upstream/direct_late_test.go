package upstream_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
)

// TestNothingIsSentForAClientThatHasLeft has the client leave before its turn
// comes, with a connection at hand that could take the request at once.
func TestNothingIsSentForAClientThatHasLeft(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		var requests atomic.Int64
		up := overNetwork(t, client, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			requests.Add(1)
			write(w, "done")
		}))
		answer(t, up.Serve, exchange(t, "GET", "/", nil)) // leaves an idle connection
		gone, leave := context.WithCancel(t.Context())
		leave()
		for range 50 {
			_, err := up.Serve(gone, exchange(t, "POST", "/", nil))
			require.ErrorIs(t, err, context.Canceled)
		}
		answer(t, up.Serve, exchange(t, "GET", "/", nil))
		require.EqualValues(t, 2, requests.Load())
	})
}

// A fragile body panics when it is closed.
type fragile struct{ io.Reader }

func (fragile) Close() error { panic("closed") }

// TestABodyThatPanicsWhenItIsClosed is sent by a goroutine beside the
// exchange, where a panic would be the end of the program.
func TestABodyThatPanicsWhenItIsClosed(t *testing.T) {
	t.Parallel()
	up := overNetwork(t, "direct", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		write(w, "done")
	}))
	for _, length := range []int64{4, -1} {
		x := &pipeline.Exchange{In: httptest.NewRequest("POST", "/", nil), Scheme: "http"}
		x.SetBody(fragile{strings.NewReader("body")}, length)
		_, body := answer(t, up.Serve, x)
		require.Equal(t, "done", body)
		require.ErrorContains(t, x.Finish(&pipeline.Summary{}), "a request body was closed")
		require.Zero(t, up.Status().Endpoints[0].InFlight)
	}
}

func TestABodyThatPanicsWhenItIsClosedUnsent(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, one("http://127.0.0.1:1"), upstream.Options{})
	x := &pipeline.Exchange{In: httptest.NewRequest("POST", "/", nil), Scheme: "http"}
	x.SetBody(fragile{strings.NewReader("body")}, 4)
	require.Panics(t, func() { _, _ = up.Serve(t.Context(), x) })
	require.Zero(t, up.Status().Endpoints[0].InFlight)
}

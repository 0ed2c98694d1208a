package edge_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
)

// A gathering is a connection and a ResponseWriter that tell in which order they
// are called.
type gathering struct {
	writer
	calls []string
	err   error
}

func (g *gathering) Gather() { g.calls = append(g.calls, "gather") }

func (g *gathering) Send() error {
	g.calls = append(g.calls, "send")
	return g.err
}

func (g *gathering) Write(p []byte) (int, error) {
	g.calls = append(g.calls, fmt.Sprint(len(p)))
	return g.writer.Write(p)
}

func TestLongWritesAreGathered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		size  int
		fails error
		want  []string
	}{
		{"a short body", 8<<10 - 1, nil, []string{"8191"}},
		{"a long body", 8 << 10, nil, []string{"gather", "8192", "send"}},
		{"a longer one", 40 << 10, nil, []string{"gather", "40960", "send"}},
		{"one whose end cannot be sent", 8 << 10, errors.New("broken"), []string{"gather", "8192", "send"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := &gathering{writer: writer{header: http.Header{}}, err: c.fails}
			told := newRecorder()
			h := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
				resp := pipeline.Respond(x, http.StatusOK, "text/plain", nil)
				resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat("x", c.size))), int64(c.size)
				return resp, nil
			}
			e, err := edge.New(h, edge.Options{Entry: told.entry(), Gathering: func(context.Context) edge.Gatherer { return g }})
			require.NoError(t, err)
			served := func() { e.ServeHTTP(g, httptest.NewRequest(http.MethodGet, "/", nil)) }
			if c.fails != nil {
				require.PanicsWithValue(t, http.ErrAbortHandler, served)
				require.ErrorIs(t, told.next(t).Err, c.fails)
			} else {
				served()
				require.NoError(t, told.next(t).Err)
			}
			require.Equal(t, c.want, g.calls)
		})
	}
}

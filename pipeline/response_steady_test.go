package pipeline_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

func TestABodyMadeOfOneOfKnownLengthIsSteady(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		length int64
		want   bool
	}{
		{"what is made of a known length tells its pauses", 5, true},
		{"what is made of a stream does not", -1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			resp := answer(http.MethodGet, 200, io.NopCloser(strings.NewReader("hello")))
			resp.ContentLength = test.length
			require.False(t, pipeline.Steady(resp.Body), "a body that does not say so")
			for range 2 {
				require.True(t, pipeline.Wrap(resp, upper))
				require.Equal(t, test.want, pipeline.Steady(resp.Body), "also through several wraps")
			}
		})
	}
}

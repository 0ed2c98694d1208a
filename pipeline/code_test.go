package pipeline_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

func TestCode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, want string
		err        error
	}{
		{"nothing", "", nil},
		{"a Problem has its own", "nope", pipeline.Refuse(403, "nope", "")},
		{"a Problem within another error counts too", "nope", fmt.Errorf("a: %w", pipeline.Refuse(403, "nope", ""))},
		{"a backend that failed", pipeline.CodeUpstreamFailed, &pipeline.UpstreamError{Kind: pipeline.UpstreamReset}},
		{"a backend that is not ready", pipeline.CodeUpstreamNotReady, &pipeline.UpstreamError{Kind: pipeline.UpstreamOverloaded}},
		{"a backend that is late", pipeline.CodeUpstreamTimeout, &pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout}},
		{"a Problem of a backend's failure is a Problem", "own", pipeline.Refuse(502, "own", "").Because(&pipeline.UpstreamError{Kind: pipeline.UpstreamReset})},
		{"anything else", pipeline.CodeInternal, errors.New("broken")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, pipeline.Code(test.err))
		})
	}
}

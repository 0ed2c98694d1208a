package subscription_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Counting allocations needs the process for itself, and testing.AllocsPerRun
// insists on it, so this test alone is not parallel.
func TestThePassAllocatesNothing(t *testing.T) {
	h, before := passing(t, []string{"read"})
	x := &pipeline.Exchange{}
	ctx := t.Context()
	allocs := testing.AllocsPerRun(100, func() {
		*x = pipeline.Exchange{In: before.In, Environment: before.Environment, Identity: before.Identity, Client: before.Client}
		if _, err := h(ctx, x); err != nil {
			t.Error(err)
		}
	})
	require.Zero(t, allocs)
}

package jwt_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn/jwt"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Counting allocations needs the process for itself, and testing.AllocsPerRun
// insists on it, so this test alone is not parallel.
func TestATokenThatWasVerifiedAllocatesNothing(t *testing.T) {
	a := authenticator(t, jwt.Config{})
	in := bearer(goodToken(nil)).In
	x := &pipeline.Exchange{}
	ctx := t.Context()
	allocs := testing.AllocsPerRun(1000, func() {
		*x = pipeline.Exchange{In: in}
		if _, err := a.Authenticate(ctx, x); err != nil {
			t.Error(err)
		}
	})
	require.Zero(t, allocs)
}

package pipeline_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// TestAnExchangeIsOneAllocationOfKnownSize keeps the inline room from growing
// by accident.
func TestAnExchangeIsOneAllocationOfKnownSize(t *testing.T) {
	t.Parallel()
	require.LessOrEqual(t, unsafe.Sizeof(pipeline.Exchange{}), uintptr(1776))
}

func TestTheFirstGrantIsWithinTheExchange(t *testing.T) {
	t.Parallel()
	var x pipeline.Exchange
	first, second := x.NewGrant(), x.NewGrant()
	require.NotSame(t, first, second)
	require.Equal(t, pipeline.Grant{}, *first)
}

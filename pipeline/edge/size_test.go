package edge

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// TestACallKeepsToItsSizeClass: one byte more takes 384 of each request.
func TestACallKeepsToItsSizeClass(t *testing.T) {
	t.Parallel()
	require.LessOrEqual(t, unsafe.Sizeof(call{}), uintptr(2304))
}

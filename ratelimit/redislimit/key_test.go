package redislimit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAllLimitsOfOneCallerAreInOnePlace(t *testing.T) {
	t.Parallel()
	owner := "4=prod10=rate_limit3=a/1"
	require.Equal(t, tagOf(owner), tagOf(owner+"/1"))
	require.Equal(t, tagOf(owner), tagOf(owner+"/2"))
	require.NotEqual(t, tagOf(owner), tagOf("4=prod10=rate_limit3=a/2"))
}

func TestLanesAreRangesOfSlots(t *testing.T) {
	t.Parallel()
	// The check value of the specification of Redis Cluster: the CRC of
	// "123456789" is 0x31C3. The tag begins with zeros, which leave it at zero.
	var tag [tagLen]byte
	copy(tag[tagLen-9:], "123456789")
	require.Equal(t, 0x31C3%slots/(slots/laneCount), laneOf(tag))
}

package authn_test

import (
	"context"
	"net/netip"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// heap returns the bytes that are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestAMillionAddressesTakeNoMoreMemory runs alone: it measures the heap of the
// process. Each address comes with a credential of its own; those of the last
// quarter have a good one, too, which is remembered.
func TestAMillionAddressesTakeNoMoreMemory(t *testing.T) {
	if raced {
		t.Skip("it measures memory, of which the race detector takes its own")
	}
	const part = 250_000
	inner := &login{good: "good"}
	limits := throttle(t, 1_000_000, 1_000_000)
	a := authn.Throttled(inner, limits)
	x, good := from("192.0.2.1", "wrong"), []string{inner.good}
	attack := func(from int, remembered bool) time.Duration {
		start := time.Now()
		for i := from; i < from+part; i++ {
			x.Client = netip.AddrFrom16([16]byte{0x20, 0x01, 0xd, 0xb8, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i), 15: byte(i)})
			x.In.Header["X-Login"] = []string{strconv.Itoa(i)}
			_, _ = a.Authenticate(t.Context(), x)
			if remembered {
				x.In.Header["X-Login"] = good
				_, _ = a.Authenticate(t.Context(), x)
			}
		}
		return time.Since(start)
	}
	empty := heap()
	first := attack(0, false)
	quarter := heap() - empty
	attack(part, false)
	third := attack(2*part, false)
	most := heap() - empty
	attack(3*part, true)
	full := heap() - empty
	t.Logf("heap: %d KiB after %d addresses, %d KiB after %d, %d KiB where %d more have been good; %v and %v a failure",
		quarter>>10, part, most>>10, 3*part, full>>10, part, first/part, third/part)
	require.Less(t, most, int64(6<<20))
	require.Less(t, most-quarter, int64(1<<20), "all records are in use after a quarter of the addresses")
	require.Less(t, full, int64(16<<20))
	require.Less(t, third, 10*first+2*time.Second, "a failure takes as long as any")
	runtime.KeepAlive(limits)
}

// TestAGoodAttemptAllocatesNothing is not parallel: it counts the allocations of
// the process.
func TestAGoodAttemptAllocatesNothing(t *testing.T) {
	a := authn.Throttled(&login{good: "good"}, throttle(t, 100, 100))
	_, _ = a.Authenticate(t.Context(), from("192.0.2.1", "wrong"))
	for name, x := range map[string]*pipeline.Exchange{
		"nothing on record":                 from("192.0.2.2", "good"),
		"failures of the address on record": from("192.0.2.1", "good"),
		"an address of IPv6":                from("2001:db8::1", "good"),
	} {
		ctx := context.Background()
		require.Zero(t, testing.AllocsPerRun(1000, func() {
			if _, err := a.Authenticate(ctx, x); err != nil {
				t.Error(err)
			}
		}), name)
	}
}

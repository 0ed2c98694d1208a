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
// process. Each address comes with a credential of its own, one of which is good
// once beside its failure.
func TestAMillionAddressesTakeNoMoreMemory(t *testing.T) {
	const (
		part  = 250_000
		bound = 16 << 20
	)
	inner := &login{}
	limits := throttle(t, 1_000_000, 1_000_000)
	a := authn.Throttled(inner, limits)
	x := from("192.0.2.1", "wrong")
	attack := func(from int) time.Duration {
		start := time.Now()
		for i := from; i < from+part; i++ {
			x.Client = netip.AddrFrom16([16]byte{0x20, 0x01, 0xd, 0xb8, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i), 15: byte(i)})
			x.In.Header["X-Login"] = []string{strconv.Itoa(i)}
			inner.good = ""
			_, _ = a.Authenticate(t.Context(), x)
			inner.good = x.In.Header["X-Login"][0]
			_, _ = a.Authenticate(t.Context(), x)
		}
		return time.Since(start)
	}
	empty := heap()
	first := attack(0)
	filled := heap() - empty
	attack(part)
	attack(2 * part)
	last := attack(3 * part)
	full := heap() - empty
	t.Logf("heap: %d KiB after %d addresses, %d KiB after %d; %v and %v an address", filled>>10, part, full>>10, 4*part, first/part, last/part)
	require.Less(t, full, int64(bound))
	require.Less(t, full-filled, int64(1<<20), "all records are in use after a quarter of them")
	require.Less(t, last, 10*first, "a failure takes as long as any")
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

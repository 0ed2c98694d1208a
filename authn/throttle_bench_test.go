package authn_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// BenchmarkThrottled measures what a Throttle adds to a good attempt: less the
// first, which has none. The credential is as long as a token.
func BenchmarkThrottled(b *testing.B) {
	bare := &login{good: strings.Repeat("x", 600)}
	limits, err := authn.NewThrottle(authn.ThrottleConfig{})
	require.NoError(b, err)
	throttled := authn.Throttled(bare, limits)
	attacked := from("192.0.2.7", bare.good)
	for i := range 50_000 {
		x := from(addressOf(i), "wrong")
		_, _ = throttled.Authenticate(b.Context(), x)
	}
	_, _ = throttled.Authenticate(b.Context(), from("192.0.2.7", "wrong"))
	for _, bb := range []struct {
		name string
		by   authn.Authenticator
		x    *pipeline.Exchange
	}{
		{"without", bare, from("198.51.100.1", bare.good)},
		{"nothing on record", throttled, from("198.51.100.1", bare.good)},
		{"failures of its address on record", throttled, attacked},
	} {
		b.Run(bb.name, func(b *testing.B) {
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bb.by.Authenticate(ctx, bb.x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("a failure, a new address each", func(b *testing.B) {
		x := from("192.0.2.7", "wrong")
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			x.Client = netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
			_, _ = throttled.Authenticate(b.Context(), x)
		}
	})
}

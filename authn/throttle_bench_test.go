package authn_test

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// BenchmarkThrottled measures what a Throttle adds to a good attempt: less the
// first two, which have none. A key has 40 bytes and a token 640.
func BenchmarkThrottled(b *testing.B) {
	key, token := &login{good: strings.Repeat("k", 40)}, &login{good: strings.Repeat("t", 640)}
	limits := throttle(b, 1_000_000, 1_000_000)
	throttledKey, throttledToken := authn.Throttled(key, limits), authn.Throttled(token, limits)
	for i := range 50_000 {
		_, _ = throttledKey.Authenticate(b.Context(), from(addressOf(i), strconv.Itoa(i)))
	}
	for _, bb := range []struct {
		name string
		by   authn.Authenticator
		x    *pipeline.Exchange
	}{
		{"without, a key", key, from("198.51.100.1", key.good)},
		{"without, a token", token, from("198.51.100.1", token.good)},
		{"a key, nothing on record", throttledKey, from("198.51.100.1", key.good)},
		{"a token, nothing on record", throttledToken, from("198.51.100.1", token.good)},
		{"a key, failures of its address on record", throttledKey, from(addressOf(0), key.good)},
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
}

// BenchmarkThrottledFailure measures an attempt that fails from an address that
// has no record yet, among more addresses than there are records, and one that is
// refused.
func BenchmarkThrottledFailure(b *testing.B) {
	inner := &login{good: "good"}
	b.Run("a new address each", func(b *testing.B) {
		a := authn.Throttled(inner, throttle(b, 1_000_000, 1_000_000))
		x := from("192.0.2.1", "wrong")
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			x.Client = netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
			_, _ = a.Authenticate(b.Context(), x)
		}
	})
	b.Run("refused", func(b *testing.B) {
		a := authn.Throttled(inner, throttle(b, 1, 1))
		x := from("192.0.2.1", "wrong")
		b.ReportAllocs()
		for b.Loop() {
			_, _ = a.Authenticate(b.Context(), x)
		}
	})
}

// Package ratelimit bounds how often callers may call, what the answers to them
// come to, and how many of them are under way.
//
// A [Limiter] counts: it is asked whether buckets let something pass, several
// at once and all or none. [Memory] counts within this process; a limiter over
// a store that instances share, such as Redis (package redislimit), goes in its
// place, and a configuration names it by a kind such as [Fixed] makes:
//
//	limiter := ratelimit.NewMemory(ratelimit.MemoryConfig{})
//	stage, err := ratelimit.New(env, limiter, ratelimit.Config{
//		Per: "consumer", Rate: registry.Rate{Count: 100, Per: time.Second},
//	})
//
// The kind "unit_limit" ([UnitKind], [NewUnits]) counts bytes, events or tokens
// of answers while they stream, and charges for them afterwards, for which its
// limiter is a [Charger]. The kind "in_flight" ([InFlightKind]) counts what is
// under way, in an [InFlight].
//
// The kind "rate_limit" ([Kind], [Policy]) makes the stage from a
// configuration. Its limits are written down, or are those of the plan of the
// caller's subscription. It tells callers where they stand in RateLimit and
// X-RateLimit fields, and refuses with 429 and Retry-After. What happens while
// the limiter cannot count is a setting: refuse, allow, or count a share here.
package ratelimit

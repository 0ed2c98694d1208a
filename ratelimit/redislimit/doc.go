// Package redislimit counts in Redis, so that all instances of a gateway draw
// from the same buckets.
//
// A [Limiter] decides with one script call, over several limits at once and by
// the clock of Redis. It never waits for long: where Redis does not answer
// within its timeout a few times, decisions are no longer asked for but refused
// with [ErrUnavailable] at once, and Redis is tried in the background until it
// answers again. What becomes of requests meanwhile is the fail mode of the
// limit: on_error of the policy.
//
//	client, err := redislimit.Dial("redis://localhost:6379")
//	if err != nil {
//		return err
//	}
//	limiter := redislimit.New(client)
//	stage, err := ratelimit.New(env, limiter, ratelimit.Config{OnError: "local"})
//
// [Kind] makes a limiter known to configurations under the name "redis". A
// program that has to start while Redis is away uses [Open] or [KindFromURL],
// which connect in the background.
//
// # How exact it is
//
// While Redis answers, a key gets its burst and what has trickled in since, no
// matter how many instances ask. These let more pass:
//
//   - Counters that are gone (a flush, an eviction, a failover to a replica that
//     had not heard the latest): the burst of the limit once more, each time.
//   - Redis away, under on_error: local: each instance lets its share of the rate
//     and of the burst pass. With n instances of share s, a caller gets at most
//     1 + n·s times what its limit says in any span of time, and n·s times in the
//     long run. Where n·s is 1, that is twice, and once. A share of a burst is at
//     least one request.
//   - Clocks: only that of Redis counts. Where it steps forward, buckets fill by
//     as much.
//
// A call whose answer came too late has counted all the same: that lets fewer
// pass, never more.
package redislimit

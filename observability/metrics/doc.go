// Package metrics counts exchanges for Prometheus: rate, errors and duration
// by route, the time that backends took apart from the gateway's own, bytes
// and denials.
//
// What an exchange costs here is a few atomic additions: the counters of a
// route are found when it is compiled, and become series only when they are
// collected. There is no global registry, no look-up by label on the request
// path and no label whose values come from outside: routes, stages and codes
// are bounded, each with a series "(other)" for what comes beyond.
//
//	m := metrics.New()
//	http.Handle("/metrics", m.Handler())
//
// Series of a route appear with its first exchange, and go with Forget.
package metrics

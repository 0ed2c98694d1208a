// Package upstream delivers exchanges to backends.
//
// An [Upstream] is made from its settings and serves as the handler of phase
// Forward. It sends to one of its endpoints, which a [Balancer] picks, and tells
// how a backend failed as a *pipeline.UpstreamError. HTTP/1.1 is spoken by a
// client of our own, in the goroutine of the exchange; HTTP/2, and whatever the
// program wraps, by http.Transport. Its endpoints change at any time without a request
// being lost:
//
//	u, err := upstream.New(registry.Upstream{
//		Name:      "users",
//		Endpoints: []registry.Endpoint{{URL: "http://127.0.0.1:9001", Weight: 3}, {URL: "http://127.0.0.1:9002"}},
//	}, upstream.Options{})
//	...
//	chain := pipeline.Chain(u.Serve, stages...)
//
// With health settings, probes and the attempts themselves say which endpoints
// are ready, and balancers pick from those alone. Options.Go starts the
// goroutine that this takes; what is known of an endpoint survives changes of
// the set, and by Options.Before those of the settings.
//
// [Handler] makes an upstream of any http.Handler, in process.
//
// Bodies are streams in both directions. The exchange's deadline bounds the
// wait for the response head, and nothing after it. One call of Serve is one
// attempt: to try again is the matter of a stage around it.
package upstream

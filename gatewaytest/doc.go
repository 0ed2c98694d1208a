// Package gatewaytest provides utilities for testing stages, adapters and
// whole gateways, in the manner of net/http/httptest: few names, usable zero
// values, real sockets only on loopback, nothing to configure.
//
// One stage is run around a handler of one's choice, with all that happens at
// the end of an exchange:
//
//	x := gatewaytest.NewExchange("GET", "/users/7", gatewaytest.Header("X-API-Key", "k"))
//	got := gatewaytest.Run(t, stage, x)
//	if got.Status != 200 || got.Sent.Header.Get("X-API-Key") != "" { ... }
//
// The fakes bear the name of the interface that they stand for:
// [Authenticator], [Authorizer], [Limiter], [Store], [Directory], [Source],
// [Recorder], [Balancer]. Their zero values are sensible, which means that
// they deny, and they may be used from many goroutines at once.
//
// The conformance suites hold an implementation of one's own to the contract
// of its interface: [TestStage], [TestLimiter], [TestStore], [TestDirectory],
// [TestSource], [TestBalancer], [TestAuthenticator], [TestAuthorizer].
//
// Package wire holds a whole gateway to what it does on the wire.
//
// Time is the real one. Inside a testing/synctest bubble it is virtual, also
// for what this package provides.
package gatewaytest

// Package authn establishes who sends a request.
//
// An [Authenticator] looks at one kind of credentials. [First], [All] and
// [Optional] combine several, and [Stage] makes a stage of the whole, which
// sets the Identity of the exchange or refuses it:
//
//	who := authn.First(tokens, keys) // a token, or else a key
//	stage := authn.Stage(who)
//
// Whatever goes wrong refuses: no credentials (401), credentials that do not
// hold (401, by the Problem of the authenticator), an authenticator that fails,
// panics or returns nobody (503). Nothing here lets a request pass that nobody
// has vouched for, unless it was declared [Optional]. [Throttled] refuses who has
// failed too often (429) before anything is judged; the kind does so by default.
//
// The kind "authenticate" ([Kind], [Policy]) does the same from a
// configuration. Its authenticators are kinds of their own, such as "jwt" of
// package jwt and "api_key" of package apikey; an embedder adds one with
// pipeline.NewKind[C, authn.Authenticator].
package authn

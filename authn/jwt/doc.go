// Package jwt authenticates callers by signed access tokens (RFC 7519, RFC
// 9068), without asking their issuer about each one.
//
// The keys of the issuer are fetched from its URL when the route begins to
// serve, and again now and then; or they come from a file:
//
//	policy := authn.Policy(authn.Config{AnyOf: []registry.Policy{jwt.Policy(jwt.Config{
//		Issuer: "https://idp.example", Audience: "orders", JWKSURL: "https://idp.example/jwks",
//	})}})
//
// A token is refused for its form before anything is decoded that two readers
// could read in two ways; its signature is checked before any of its claims
// counts; and the identity is what the claims name, by a mapping of the
// settings. Tokens that were verified are remembered for a minute, never past
// their end.
//
// Nothing that a token says chooses a key but its key id, among the keys that
// the issuer publishes. An id that is not among them has the keys fetched anew,
// within bounds for the issuer and for each address; tokens with known keys
// never wait for that. While the issuer is away, the keys that it had stay good
// for a declared time.
package jwt

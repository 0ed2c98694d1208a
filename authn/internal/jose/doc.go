// Package jose reads signed tokens (RFC 7515, RFC 7519) and key sets (RFC
// 7517), and checks the one with the other.
//
// [Parse] takes a token apart and refuses whatever two readers could read in
// two ways, before anything is decoded from it or anybody is asked for a key:
// it is stricter than the RFCs where these let a reader choose. [ParseSet]
// reads a key set with jwx, and keeps the keys that may verify a signature;
// [Key.Verify] checks one with the standard library.
//
// No other package imports jwx. It reads the keys, and it is the reference
// that tests hold Verify to; its own verification costs some 200 allocations a
// token, and lets forms through that Parse refuses. Its authors maintain later
// major versions only: to move to one is to change this package.
package jose

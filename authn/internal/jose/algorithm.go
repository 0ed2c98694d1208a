package jose

import (
	"crypto"
	_ "crypto/sha256" // the hashes of the algorithms
	_ "crypto/sha512"
	"slices"
)

// An algorithm is one way to sign (RFC 7518 section 3.1, RFC 8037 section 3.1).
type algorithm struct {
	name   string
	kty    string
	crv    string // empty for RSA
	hash   crypto.Hash
	pss    bool
	length int // of r and s, for ECDSA
}

// algorithms are those that are known. There is none with a key that both
// sides share, and no "none".
var algorithms = []algorithm{
	{name: "RS256", kty: "RSA", hash: crypto.SHA256},
	{name: "RS384", kty: "RSA", hash: crypto.SHA384},
	{name: "RS512", kty: "RSA", hash: crypto.SHA512},
	{name: "PS256", kty: "RSA", hash: crypto.SHA256, pss: true},
	{name: "PS384", kty: "RSA", hash: crypto.SHA384, pss: true},
	{name: "PS512", kty: "RSA", hash: crypto.SHA512, pss: true},
	{name: "ES256", kty: "EC", crv: "P-256", hash: crypto.SHA256, length: 32},
	{name: "ES384", kty: "EC", crv: "P-384", hash: crypto.SHA384, length: 48},
	{name: "ES512", kty: "EC", crv: "P-521", hash: crypto.SHA512, length: 66},
	{name: "EdDSA", kty: "OKP", crv: "Ed25519"},
}

// Algorithms returns the names of the algorithms that are known.
func Algorithms() []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = a.name
	}
	return names
}

// find returns the algorithm of a name, nil where it is not known.
func find(name string) *algorithm {
	i := slices.IndexFunc(algorithms, func(a algorithm) bool { return a.name == name })
	if i < 0 {
		return nil
	}
	return &algorithms[i]
}

package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
)

// A Key is a public key that may verify signatures.
type Key struct {
	ID string // empty where the set gives it none

	algorithm string // that it is for; empty: any that fits kty and crv
	kty, crv  string
	public    crypto.PublicKey
}

// Fits reports whether the key is for signatures of the named algorithm.
func (k *Key) Fits(name string) bool {
	a := find(name)
	return a != nil && k.fits(a)
}

func (k *Key) fits(a *algorithm) bool {
	return k.kty == a.kty && k.crv == a.crv && (k.algorithm == "" || k.algorithm == a.name)
}

// Verify reports whether the token was signed with the key, by the algorithm
// that the token names.
func (k *Key) Verify(t *Token) bool {
	a := find(t.Algorithm)
	if a == nil || !k.fits(a) {
		return false
	}
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return a.verifyRSA(public, t)
	case *ecdsa.PublicKey:
		return a.verifyECDSA(public, t)
	case ed25519.PublicKey:
		return ed25519.Verify(public, []byte(t.signed), t.signature)
	}
	return false
}

func (a *algorithm) verifyRSA(public *rsa.PublicKey, t *Token) bool {
	if a.pss {
		// RFC 7518 section 3.5: the salt is as long as the hash.
		options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
		return rsa.VerifyPSS(public, a.hash, a.sum(t.signed), t.signature, options) == nil
	}
	return rsa.VerifyPKCS1v15(public, a.hash, a.sum(t.signed), t.signature) == nil
}

// verifyECDSA: RFC 7518 section 3.4; the signature is R and S, each as long as
// the order of the curve.
func (a *algorithm) verifyECDSA(public *ecdsa.PublicKey, t *Token) bool {
	if len(t.signature) != 2*a.length {
		return false
	}
	r := new(big.Int).SetBytes(t.signature[:a.length])
	s := new(big.Int).SetBytes(t.signature[a.length:])
	return ecdsa.Verify(public, a.sum(t.signed), r, s)
}

func (a *algorithm) sum(signed string) []byte {
	switch a.hash {
	case crypto.SHA256:
		sum := sha256.Sum256([]byte(signed))
		return sum[:]
	case crypto.SHA384:
		sum := sha512.Sum384([]byte(signed))
		return sum[:]
	}
	sum := sha512.Sum512([]byte(signed))
	return sum[:]
}

package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/authn/jwt"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// benchClaims are those of a usual access token.
func benchClaims() string {
	return goodClaims(map[string]any{"client_id": "acme", "scope": "orders.read orders.write", "jti": "6e2f3c1a-8f51-4c3e-9d55-0a4b7f1b2c3d"})
}

func benchToken(id, algorithm string) string {
	return mint(id, algorithm, `{"alg":"`+algorithm+`","kid":"`+id+`","typ":"at+jwt"}`, benchClaims())
}

// BenchmarkHit is a token that was verified a moment ago.
func BenchmarkHit(b *testing.B) {
	benchmark(b, jwt.Config{}, benchToken("ec", "ES256"))
}

var benchAlgorithms = []struct{ algorithm, key string }{{"RS256", "rsa"}, {"PS256", "rsa"}, {"ES256", "ec"}, {"EdDSA", "ed"}}

// BenchmarkFirst is a token that is seen for the first time; BenchmarkBare is
// the check of its signature alone, to compare with.
func BenchmarkFirst(b *testing.B) {
	for _, bb := range benchAlgorithms {
		b.Run(bb.algorithm, func(b *testing.B) {
			benchmark(b, jwt.Config{Cache: jwt.CacheConfig{Disabled: true}}, benchToken(bb.key, bb.algorithm))
		})
	}
}

func benchmark(b *testing.B, c jwt.Config, token string) {
	b.Helper()
	a := authenticator(b, c)
	in := bearer(token).In
	x := &pipeline.Exchange{}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		*x = pipeline.Exchange{In: in}
		if _, err := a.Authenticate(ctx, x); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBare(b *testing.B) {
	for _, bb := range benchAlgorithms {
		b.Run(bb.algorithm, func(b *testing.B) {
			token := benchToken(bb.key, bb.algorithm)
			dot := strings.LastIndexByte(token, '.')
			signed := []byte(token[:dot])
			signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
			must(err)
			check := bare(vault()[bb.key], bb.algorithm)
			b.ReportAllocs()
			for b.Loop() {
				if !check(signed, signature) {
					b.Fatal("the signature does not hold")
				}
			}
		})
	}
}

func bare(k key, algorithm string) func(signed, signature []byte) bool {
	switch private := k.private.(type) {
	case *rsa.PrivateKey:
		return func(signed, signature []byte) bool {
			sum := sha256.Sum256(signed)
			if algorithm == "PS256" {
				return rsa.VerifyPSS(&private.PublicKey, crypto.SHA256, sum[:], signature, nil) == nil
			}
			return rsa.VerifyPKCS1v15(&private.PublicKey, crypto.SHA256, sum[:], signature) == nil
		}
	case *ecdsa.PrivateKey:
		return func(signed, signature []byte) bool {
			sum := sha256.Sum256(signed)
			r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
			return ecdsa.Verify(&private.PublicKey, sum[:], r, s)
		}
	}
	private, _ := k.private.(ed25519.PrivateKey)
	public, _ := private.Public().(ed25519.PublicKey)
	return func(signed, signature []byte) bool { return ed25519.Verify(public, signed, signature) }
}

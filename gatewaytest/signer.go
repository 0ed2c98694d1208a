package gatewaytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

// A signer is one key of an identity provider.
type signer struct {
	id, alg string
	public  map[string]string // the members of its JWK that depend on its type
	sign    func(input []byte) ([]byte, error)
}

func newSigner(alg, id string) (*signer, error) {
	s := &signer{id: id, alg: alg}
	switch alg {
	case "ES256":
		return s, s.ecdsa()
	case "RS256":
		return s, s.rsa()
	case "EdDSA":
		return s, s.ed25519()
	}
	return nil, fmt.Errorf("unknown algorithm %q; want ES256, RS256 or EdDSA", alg)
}

// ecdsa: RFC 7518 section 3.4; the signature is R and S, 32 bytes each.
func (s *signer) ecdsa() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	point, err := key.PublicKey.Bytes() // 4, X, Y
	if err != nil {
		return err
	}
	s.public = map[string]string{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:65])}
	s.sign = func(input []byte) ([]byte, error) {
		sum := sha256.Sum256(input)
		r, v, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			return nil, err
		}
		return append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...), nil
	}
	return nil
}

// rsa: RFC 7518 section 3.3.
func (s *signer) rsa() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	s.public = map[string]string{"kty": "RSA", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}
	s.sign = func(input []byte) ([]byte, error) {
		sum := sha256.Sum256(input)
		return rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	}
	return nil
}

// ed25519: RFC 8037.
func (s *signer) ed25519() error {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	s.public = map[string]string{"kty": "OKP", "crv": "Ed25519", "x": b64(public)}
	s.sign = func(input []byte) ([]byte, error) { return ed25519.Sign(key, input), nil }
	return nil
}

func (s *signer) jwk() map[string]string {
	jwk := map[string]string{"kid": s.id, "alg": s.alg, "use": "sig"}
	for name, value := range s.public {
		jwk[name] = value
	}
	return jwk
}

// mint makes a token in the compact serialization (RFC 7515 section 3.1).
func (s *signer) mint(header, claims map[string]any) (string, error) {
	h, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	c, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	input := b64(h) + "." + b64(c)
	signature, err := s.sign([]byte(input))
	return input + "." + b64(signature), err
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

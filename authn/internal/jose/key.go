package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"math/big"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

// Bounds of an RSA key in bits: one below is too weak, one above lets whoever
// signs make each check as dear as a hundred.
const (
	minRSA = 2048
	maxRSA = 8192
)

// parseKey makes a Key of a JWK that may verify signatures.
func parseKey(item map[string]any) (*Key, error) {
	if err := forVerifying(item); err != nil {
		return nil, err
	}
	k := &Key{}
	k.kty, _ = item["kty"].(string)
	var err error
	if k.ID, err = text(item, "kid"); err == nil {
		k.algorithm, err = text(item, "alg")
	}
	if err != nil || len(k.ID) > maxKeyID {
		return nil, errors.New("kid or alg is not a string")
	}
	if k.public, err = public(item); err != nil {
		return nil, err
	}
	if k.crv, err = strong(k.public); err != nil {
		return nil, err
	}
	return k, k.consistent()
}

// forVerifying refuses keys that are for something else, and any whose secret
// part is known to whoever can read the set.
func forVerifying(item map[string]any) error {
	if err := unambiguous(item, registeredMembers); err != nil {
		return err
	}
	for _, secret := range [...]string{"k", "d", "p", "q", "dp", "dq", "qi", "oth"} {
		if _, ok := item[secret]; ok {
			return errors.New("it is no public key")
		}
	}
	if use, ok := item["use"]; ok && use != "sig" {
		return errors.New("it is not for signatures")
	}
	operations, ok := item["key_ops"]
	if !ok {
		return nil
	}
	list, _ := operations.([]any)
	if !slices.Contains(list, any("verify")) {
		return errors.New("it is not for verifying")
	}
	return nil
}

// public has jwx read the key.
func public(item map[string]any) (crypto.PublicKey, error) {
	raw, err := json.Marshal(item)
	if err != nil {
		return nil, err
	}
	key, err := jwk.ParseKey(raw)
	if err != nil {
		return nil, errors.New("it cannot be read, or is of a kind that is not known")
	}
	var public any
	if err := key.Raw(&public); err != nil {
		return nil, errors.New("it is damaged")
	}
	return public, nil
}

// strong refuses keys that do not hold, and returns the curve, if there is one.
func strong(public crypto.PublicKey) (curve string, err error) {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return "", strongRSA(key)
	case *ecdsa.PublicKey:
		if _, err := key.ECDH(); err != nil { // also tells a point that is not on the curve
			return "", errors.New("its curve or point is not sound")
		}
		return key.Curve.Params().Name, nil
	case ed25519.PublicKey:
		if len(key) != ed25519.PublicKeySize {
			return "", errors.New("its length is wrong")
		}
		return "Ed25519", nil
	}
	return "", errors.New("its kind is not for signatures")
}

func strongRSA(key *rsa.PublicKey) error {
	switch bits := key.N.BitLen(); {
	case bits < minRSA || bits > maxRSA:
		return errors.New("its modulus is too short or too long")
	case key.E < 3 || key.E%2 == 0:
		return errors.New("its exponent is not sound")
	case key.N.Bit(0) == 0 || roca(key.N):
		return errors.New("its modulus can be factored")
	}
	return nil
}

// roca reports whether a modulus bears the mark of the key generator of
// CVE-2017-15361: it is a power of 65537 by every small prime.
func roca(n *big.Int) bool {
	rest, divisor := new(big.Int), new(big.Int)
	for _, p := range rocaPrimes {
		rest.Mod(n, divisor.SetInt64(p))
		if !powerOf65537(rest.Int64(), p) {
			return false
		}
	}
	return true
}

func powerOf65537(n, p int64) bool {
	for power, i := int64(1), int64(0); i < p; i++ {
		if power == n {
			return true
		}
		power = power * 65537 % p
	}
	return false
}

var rocaPrimes = []int64{
	3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
	109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
}

// consistent refuses a key whose alg is not known or not one of its kind.
func (k *Key) consistent() error {
	fits := func(a algorithm) bool { return k.fits(&a) }
	if !slices.ContainsFunc(algorithms, fits) {
		return errors.New("its alg is not one of its kind")
	}
	return nil
}

var registeredMembers = []string{
	"alg", "crv", "d", "dp", "dq", "e", "k", "key_ops", "kid", "kty", "n", "oth", "p", "q", "qi", "use", "x", "y",
}

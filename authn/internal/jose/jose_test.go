package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn/internal/jose"
)

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// signers holds a key for each algorithm, made once.
var signers = sync.OnceValue(func() map[string]crypto.Signer {
	shared := must(rsa.GenerateKey(rand.Reader, 2048))
	_, edwards := must2(ed25519.GenerateKey(rand.Reader))
	return map[string]crypto.Signer{
		"RS256": shared, "RS384": shared, "RS512": shared, "PS256": shared, "PS384": shared, "PS512": shared,
		"ES256": must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		"ES384": must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		"ES512": must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)),
		"EdDSA": edwards,
	}
})

func must2[A, B any](a A, b B, err error) (A, B) {
	if err != nil {
		panic(err)
	}
	return a, b
}

// member returns the public key as a member of a key set, with more laid over it.
func member(t testing.TB, public crypto.PublicKey, more map[string]any) map[string]any {
	t.Helper()
	key, err := jwk.FromRaw(public)
	require.NoError(t, err)
	raw, err := json.Marshal(key)
	require.NoError(t, err)
	item := map[string]any{}
	require.NoError(t, json.Unmarshal(raw, &item))
	for name, value := range more {
		item[name] = value
	}
	return item
}

func keySet(t testing.TB, items ...map[string]any) []byte {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"keys": items})
	require.NoError(t, err)
	return raw
}

// TestVerifyAgreesWithJWX signs by jwx and bends tokens at random: what one
// takes, the other takes too.
func TestVerifyAgreesWithJWX(t *testing.T) {
	t.Parallel()
	for algorithm, signer := range signers() {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			seed := mathrand.Uint64()
			t.Logf("seed %d", seed)
			random := mathrand.New(mathrand.NewPCG(seed, 0))
			set, err := jose.ParseSet(keySet(t, member(t, signer.Public(), map[string]any{"kid": "k"})))
			require.NoError(t, err)
			headers := jws.NewHeaders()
			require.NoError(t, headers.Set("kid", "k"))
			compact, err := jws.Sign([]byte(`{"sub":"alice"}`), jws.WithKey(jwa.SignatureAlgorithm(algorithm), signer, jws.WithProtectedHeaders(headers)))
			require.NoError(t, err)
			require.True(t, ours(set, string(compact)))
			for range 60 {
				token := bent(random, string(compact))
				_, err := jws.Verify([]byte(token), jws.WithKey(jwa.SignatureAlgorithm(algorithm), signer.Public()))
				if ours(set, token) {
					require.NoError(t, err, token)
				} else if _, malformed := jose.Parse(token); malformed == nil {
					require.Error(t, err, token)
				}
			}
		})
	}
}

func ours(set *jose.Set, token string) bool {
	parsed, err := jose.Parse(token)
	if err != nil {
		return false
	}
	key := set.Find(parsed.KeyID, parsed.Algorithm)
	return key != nil && key.Verify(parsed)
}

// bent changes one bit of what a part of the token encodes, or nothing.
func bent(random *mathrand.Rand, token string) string {
	parts := strings.Split(token, ".")
	i := random.IntN(4)
	if i == 3 {
		return token
	}
	raw := must(base64.RawURLEncoding.DecodeString(parts[i]))
	raw[random.IntN(len(raw))] ^= 1 << random.IntN(8)
	parts[i] = b64(raw)
	return strings.Join(parts, ".")
}

func TestAKeyIsForOneKindOfAlgorithm(t *testing.T) {
	t.Parallel()
	families := map[string][]string{
		"RS256": {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
		"ES256": {"ES256"}, "ES384": {"ES384"}, "ES512": {"ES512"}, "EdDSA": {"EdDSA"},
	}
	for name, family := range families {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			public := signers()[name].Public()
			free, err := jose.ParseSet(keySet(t, member(t, public, map[string]any{"kid": "k"})))
			require.NoError(t, err)
			bound, err := jose.ParseSet(keySet(t, member(t, public, map[string]any{"kid": "k", "alg": name})))
			require.NoError(t, err)
			for _, algorithm := range append(jose.Algorithms(), "none", "HS256", "") {
				require.Equal(t, contains(family, algorithm), free.Find("k", "").Fits(algorithm), algorithm)
				require.Equal(t, algorithm == name, bound.Find("k", "").Fits(algorithm), algorithm)
			}
		})
	}
}

func contains(list []string, s string) bool {
	return strings.Contains(" "+strings.Join(list, " ")+" ", " "+s+" ")
}

func TestKeysThatAreLeftOut(t *testing.T) {
	t.Parallel()
	rsaKey := func(n *big.Int, e int) map[string]any {
		return map[string]any{"kty": "RSA", "n": b64(n.Bytes()), "e": b64(big.NewInt(int64(e)).Bytes())}
	}
	good := must(rsa.GenerateKey(rand.Reader, 2048)).N
	public := signers()["ES256"].Public()
	with := func(more map[string]any) map[string]any { return member(t, public, more) }
	marked := new(big.Int).Exp(big.NewInt(65537), big.NewInt(128), nil) // 2049 bits
	tests := []struct {
		name string
		key  map[string]any
	}{
		{"a secret that both sides share", map[string]any{"kty": "oct", "k": b64(make([]byte, 32))}},
		{"a private key", with(map[string]any{"d": b64(make([]byte, 32))})},
		{"a key for encryption", with(map[string]any{"use": "enc"})},
		{"a use that is no string", with(map[string]any{"use": 1})},
		{"a key that may only sign", with(map[string]any{"key_ops": []string{"sign"}})},
		{"operations that are no list", with(map[string]any{"key_ops": "verify"})},
		{"an alg of encryption", with(map[string]any{"alg": "ECDH-ES"})},
		{"an alg of another curve", with(map[string]any{"alg": "ES384"})},
		{"an alg of another kind", with(map[string]any{"alg": "RS256"})},
		{"an alg of shared secrets", with(map[string]any{"alg": "HS256"})},
		{"an alg that is no string", with(map[string]any{"alg": 1})},
		{"an id that is no string", with(map[string]any{"kid": 1})},
		{"members that differ in case", with(map[string]any{"KTY": "oct"})},
		{"a point that is not on the curve", with(map[string]any{"y": b64(make([]byte, 32))})},
		{"a curve that is not known", with(map[string]any{"crv": "P-224"})},
		{"a kind that is not known", map[string]any{"kty": "X"}},
		{"no kind", map[string]any{"x": "AA"}},
		{"an Edwards key that is too short", map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(make([]byte, 31))}},
		{"a key for agreeing on secrets", map[string]any{"kty": "OKP", "crv": "X25519", "x": b64(make([]byte, 32))}},
		{"RSA of 1024 bits", rsaKey(must(rsa.GenerateKey(rand.Reader, 1024)).N, 65537)},
		{"RSA of 16384 bits", rsaKey(new(big.Int).SetBit(good, 16383, 1), 65537)},
		{"RSA with the exponent 1", rsaKey(good, 1)},
		{"RSA with an even exponent", rsaKey(good, 65536)},
		{"RSA with an even modulus", rsaKey(new(big.Int).SetBit(good, 0, 0), 65537)},
		{"RSA that bears the mark of ROCA", rsaKey(marked, 65537)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			other := member(t, signers()["EdDSA"].Public(), map[string]any{"kid": "good"})
			set, err := jose.ParseSet(keySet(t, tt.key, other))
			require.NoError(t, err)
			require.Equal(t, 1, set.Len(), "%v", tt.key)
			require.Len(t, set.Left, 1)
			require.NotNil(t, set.Find("good", "EdDSA"))
			_, err = jose.ParseSet(keySet(t, tt.key))
			require.Error(t, err, "a set without any other key")
		})
	}
}

func TestAModulusThatBearsTheMarkOfROCA(t *testing.T) {
	t.Parallel()
	marked := new(big.Int).Exp(big.NewInt(65537), big.NewInt(128), nil)
	set, err := jose.ParseSet(keySet(t, map[string]any{"kty": "RSA", "e": "AQAB", "n": b64(marked.Bytes())}, member(t, signers()["RS256"].Public(), nil)))
	require.NoError(t, err)
	require.Equal(t, []string{"key 0: its modulus can be factored"}, set.Left)
}

func TestKeySetsThatAreRefused(t *testing.T) {
	t.Parallel()
	one := string(must(json.Marshal(member(t, signers()["ES256"].Public(), map[string]any{"kid": "k"}))))
	two := string(must(json.Marshal(member(t, signers()["EdDSA"].Public(), map[string]any{"kid": "k"}))))
	many := strings.TrimSuffix(strings.Repeat(one+",", 257), ",")
	tests := []struct{ name, text string }{
		{"nothing", ``},
		{"no object", `[]`},
		{"no keys", `{}`},
		{"keys that are no list", `{"keys":{}}`},
		{"keys that are none", `{"keys":["k"]}`},
		{"an empty list", `{"keys":[]}`},
		{"keys twice", `{"keys":[` + one + `],"keys":[]}`},
		{"KEYS beside keys", `{"keys":[` + one + `],"KEYS":[]}`},
		{"one key alone", one},
		{"bytes behind", `{"keys":[` + one + `]}x`},
		{"two keys of one id", `{"keys":[` + one + `,` + two + `]}`},
		{"a member of a key twice", `{"keys":[` + strings.Replace(one, "{", `{"kid":"k",`, 1) + `]}`},
		{"very many keys", `{"keys":[` + many + `]}`},
		{"invalid UTF-8", "{\"keys\":[" + one + "],\"x\":\"\xff\"}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := jose.ParseSet([]byte(tt.text))
			require.Error(t, err)
		})
	}
}

func TestAKeyWithoutAnID(t *testing.T) {
	t.Parallel()
	one := member(t, signers()["ES256"].Public(), nil)
	two := member(t, signers()["EdDSA"].Public(), map[string]any{"kid": "k"})
	set, err := jose.ParseSet(keySet(t, one, two))
	require.NoError(t, err)
	require.NotNil(t, set.Find("", "ES256"), "the only one that fits")
	require.NotNil(t, set.Find("", "EdDSA"), "also one that has an id")
	require.Nil(t, set.Find("", "RS256"), "none fits")
	require.Nil(t, set.Find("x", "ES256"), "an id that is not there")
	set, err = jose.ParseSet(keySet(t, one, one))
	require.NoError(t, err)
	require.Nil(t, set.Find("", "ES256"), "of several, none")
}

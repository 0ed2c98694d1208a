package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/jwt"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

const (
	issuer   = "https://idp.example"
	audience = "orders"
	// noon is the time by which tokens of the corpus are judged.
	noon = 1_800_000_000
)

func atNoon() time.Time { return time.Unix(noon, 0) }

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// A key signs as whoever holds it would; jwk is what its issuer publishes.
type key struct {
	private any
	jwk     map[string]any
}

// vault returns the keys of the tests by their id, made once.
var vault = sync.OnceValue(func() map[string]key {
	keys := map[string]key{
		"ed":    edKey('e'),
		"other": edKey('o'), // not published
		"ec":    ecKey(elliptic.P256(), "P-256", 32),
		"p384":  ecKey(elliptic.P384(), "P-384", 48),
		"rsa":   rsaKey(2048),
		"weak":  rsaKey(1024),
		"ps":    rsaKey(2048),
		"enc":   rsaKey(2048),
		"ops":   edKey('s'),
		"oct":   {[]byte("0123456789abcdef0123456789abcdef"), map[string]any{"kty": "oct", "k": b64([]byte("0123456789abcdef0123456789abcdef"))}},
	}
	for id, k := range keys {
		k.jwk["kid"] = id
	}
	keys["ps"].jwk["alg"] = "PS256"
	keys["enc"].jwk["use"] = "enc"
	keys["ops"].jwk["key_ops"] = []string{"sign"}
	return keys
})

func edKey(seed byte) key {
	private := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(seed), ed25519.SeedSize)))
	public, _ := private.Public().(ed25519.PublicKey)
	return key{private, map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(public)}}
}

func ecKey(curve elliptic.Curve, name string, length int) key {
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	must(err)
	point, err := private.PublicKey.Bytes() // 4, X, Y
	must(err)
	return key{private, map[string]any{"kty": "EC", "crv": name, "x": b64(point[1 : 1+length]), "y": b64(point[1+length:])}}
}

func rsaKey(bits int) key {
	private, err := rsa.GenerateKey(rand.Reader, bits)
	must(err)
	return key{private, map[string]any{"kty": "RSA", "n": b64(private.N.Bytes()), "e": b64(big.NewInt(int64(private.E)).Bytes())}}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// keySet returns what the issuer of the tests publishes.
func keySet(t testing.TB) []byte {
	t.Helper()
	var all []any
	for id, k := range vault() {
		if id != "other" {
			all = append(all, k.jwk)
		}
	}
	raw, err := json.Marshal(map[string]any{"keys": all})
	require.NoError(t, err)
	return raw
}

func keyFile(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, os.WriteFile(file, keySet(t), 0o600))
	return file
}

// sign signs by the algorithm, whatever the key is for.
func sign(k key, algorithm, input string) []byte {
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[algorithm[max(len(algorithm)-3, 0):]]
	digest := func() []byte {
		h := hash.New()
		h.Write([]byte(input))
		return h.Sum(nil)
	}
	switch private := k.private.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(private, []byte(input))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, digest())
		must(err)
		length := (private.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, length)), s.FillBytes(make([]byte, length))...)
	case *rsa.PrivateKey:
		if strings.HasPrefix(algorithm, "PS") {
			sum, err := rsa.SignPSS(rand.Reader, private, hash, digest(), &rsa.PSSOptions{SaltLength: saltLength(algorithm, hash)})
			must(err)
			return sum
		}
		sum, err := rsa.SignPKCS1v15(nil, private, hash, digest())
		must(err)
		return sum
	}
	secret, _ := k.private.([]byte)
	mac := hmac.New(sha256.New, secret)
	if hash == crypto.SHA512 {
		mac = hmac.New(sha512.New, secret)
	}
	mac.Write([]byte(input))
	return mac.Sum(nil)
}

// saltLength: "PS20-256" is PS256 with a salt of 20 bytes.
func saltLength(algorithm string, hash crypto.Hash) int {
	if strings.HasPrefix(algorithm, "PS20-") {
		return 20
	}
	return hash.Size()
}

// mint makes a token of raw JSON.
func mint(id, algorithm, header, claims string) string {
	input := b64([]byte(header)) + "." + b64([]byte(claims))
	return input + "." + b64(sign(vault()[id], algorithm, input))
}

// goodClaims are the claims of a token that holds at noon, the members of extra
// laid over them; a nil value takes one away.
func goodClaims(extra map[string]any) string {
	all := map[string]any{"iss": issuer, "sub": "alice", "aud": audience, "iat": noon - 60, "exp": noon + 300}
	for name, value := range extra {
		all[name] = value
		if value == nil {
			delete(all, name)
		}
	}
	raw, err := json.Marshal(all)
	must(err)
	return string(raw)
}

func goodToken(extra map[string]any) string {
	return mint("ed", "EdDSA", `{"alg":"EdDSA","kid":"ed"}`, goodClaims(extra))
}

// authenticator judges by the keys of the tests, at noon.
func authenticator(t testing.TB, c jwt.Config, opts ...jwt.Option) authn.Authenticator {
	t.Helper()
	if c.Issuer == "" {
		c.Issuer, c.JWKSFile = issuer, keyFile(t)
	}
	if c.Audiences == nil && c.Audience == "" {
		c.Audience = audience
	}
	a, err := jwt.New(gatewaytest.Env(t), c, append([]jwt.Option{jwt.Now(atNoon)}, opts...)...)
	require.NoError(t, err)
	return a
}

func bearing(fields ...string) *pipeline.Exchange {
	x := gatewaytest.NewExchange(http.MethodGet, "/a")
	for i := 0; i < len(fields); i += 2 {
		x.In.Header.Add(fields[i], fields[i+1])
	}
	return x
}

func bearer(token string) *pipeline.Exchange { return bearing("Authorization", "Bearer "+token) }

// codeOf returns the code of a refusal, "" for none.
func codeOf(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var p *pipeline.Problem
	require.ErrorAs(t, err, &p)
	return p.Code
}

// inProcess serves a round tripper by a handler, without a socket.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Result(), nil
}

// published returns settings that fetch the keys of the identity provider.
func published(p *gatewaytest.Tokens) jwt.Config {
	return jwt.Config{Issuer: p.URL(), Audience: "test", JWKSURL: p.URL() + "/jwks"}
}

func sprint(args ...any) string { return fmt.Sprint(args...) }

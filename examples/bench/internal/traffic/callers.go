package traffic

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	keys   = "jwks.json"
	tokens = "tokens"
	keyID  = "bench"
)

// Consumer returns the name of one of the consumers that the directory holds.
func Consumer(n int) string { return fmt.Sprintf("consumer-%06d", n) }

// WriteCallers writes a key set into dir, and the tokens of all callers: RS256
// of 2048 bits, all of one length.
func WriteCallers(dir string) error {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	set, err := json.Marshal(map[string]any{"keys": []any{published(&private.PublicKey)}})
	if err != nil {
		return err
	}
	var all bytes.Buffer
	for i := range Callers {
		token, err := sign(private, Consumer(i*(Subscriptions/Callers)))
		if err != nil {
			return err
		}
		all.WriteString(token + "\n")
	}
	if err := os.WriteFile(KeySet(dir), set, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, tokens), all.Bytes(), 0o600)
}

// KeySet returns the file of the key set.
func KeySet(dir string) string { return filepath.Join(dir, keys) }

// Tokens reads the tokens that WriteCallers wrote.
func Tokens(dir string) ([][]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, tokens))
	if err != nil {
		return nil, err
	}
	return bytes.Fields(text), nil
}

// PublicKey reads the key that WriteCallers wrote, for those who check tokens
// with a library that wants it so.
func PublicKey(dir string) (*rsa.PublicKey, error) {
	text, err := os.ReadFile(KeySet(dir))
	if err != nil {
		return nil, err
	}
	var set struct{ Keys []struct{ N, E string } }
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) != 1 {
		return nil, fmt.Errorf("%s holds no key: %w", keys, err)
	}
	n, err := base64.RawURLEncoding.DecodeString(set.Keys[0].N)
	if err != nil {
		return nil, err
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}, nil
}

func published(key *rsa.PublicKey) map[string]any {
	return map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID, "e": "AQAB",
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
	}
}

func sign(private *rsa.PrivateKey, consumer string) (string, error) {
	now := time.Now()
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": Issuer, "aud": Audience, "sub": "user-of-" + consumer, "client_id": consumer,
		"scope": Scope, "iat": now.Unix(), "exp": now.Add(24 * time.Hour).Unix(),
	})
	t.Header["kid"], t.Header["typ"] = keyID, "at+jwt"
	return t.SignedString(private)
}

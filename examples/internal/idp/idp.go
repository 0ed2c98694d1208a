// Package idp is a small identity provider for demonstrations: it mints signed
// tokens, publishes its keys and takes new ones. It asks nobody for a password.
package idp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A Provider is an issuer of ES256 tokens. Its methods may be called from many
// goroutines at once.
type Provider struct {
	issuer string

	mu   sync.Mutex
	keys []key // the last one signs
}

type key struct {
	id      string
	private *ecdsa.PrivateKey
}

// New makes a provider that calls itself issuer.
func New(issuer string) (*Provider, error) {
	p := &Provider{issuer: issuer}
	return p, p.Rotate()
}

// Rotate signs with a new key from now on. The one before stays published.
func (p *Provider) Rotate() error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, key{"key-" + strconv.Itoa(len(p.keys)+1), private})
	if len(p.keys) > 2 {
		p.keys = p.keys[1:]
	}
	return nil
}

// Token mints a token with these claims beside iss, iat and exp.
func (p *Provider) Token(claims map[string]any, life time.Duration) (string, error) {
	now := time.Now()
	all := map[string]any{"iss": p.issuer, "iat": now.Unix(), "exp": now.Add(life).Unix()}
	maps.Copy(all, claims)
	p.mu.Lock()
	signer := p.keys[len(p.keys)-1]
	p.mu.Unlock()
	head, err := part(map[string]string{"alg": "ES256", "typ": "at+jwt", "kid": signer.id})
	if err != nil {
		return "", err
	}
	body, err := part(all)
	if err != nil {
		return "", err
	}
	signed := head + "." + body
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, signer.private, sum[:])
	if err != nil {
		return "", err
	}
	return signed + "." + encode(append(fixed(r), fixed(s)...)), nil
}

func part(v any) (string, error) {
	raw, err := json.Marshal(v)
	return encode(raw), err
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// fixed returns the number in the 32 bytes that ES256 wants (RFC 7518 section
// 3.4).
func fixed(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }

// ServeHTTP serves /jwks, /rotate (POST) and /token?sub=&client_id=&scope=.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/jwks":
		p.serveKeys(w)
	case r.URL.Path == "/rotate" && r.Method == http.MethodPost:
		if err := p.Rotate(); err != nil {
			http.Error(w, "rotate", http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, "tokens are signed with a new key")
	case r.URL.Path == "/token":
		p.serveToken(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (p *Provider) serveKeys(w http.ResponseWriter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	set := map[string][]map[string]string{"keys": {}}
	for _, k := range p.keys {
		point, err := k.private.PublicKey.Bytes() // 4, x, y
		if err != nil {
			http.Error(w, "keys", http.StatusInternalServerError)
			return
		}
		set["keys"] = append(set["keys"], map[string]string{
			"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": k.id,
			"x": encode(point[1:33]), "y": encode(point[33:]),
		})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(set)
}

func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) {
	claims := map[string]any{"aud": "users"}
	for name, values := range r.URL.Query() {
		claims[name] = values[0]
	}
	token, err := p.Token(claims, time.Hour)
	if err != nil {
		http.Error(w, "token", http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, token)
}

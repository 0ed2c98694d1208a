package gatewaytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Tokens is an identity provider: it mints tokens (RFC 7519), publishes its
// keys and rotates them on demand. It is an http.Handler that serves its key
// set at /jwks and its discovery document at /.well-known/openid-configuration
// (and at /.well-known/oauth-authorization-server).
//
// The fields are set before the first use.
type Tokens struct {
	Issuer   string        // of the claim iss; the URL otherwise
	Audience string        // of the claim aud; "test" otherwise
	Subject  string        // of the claim sub; "alice" otherwise
	Lifetime time.Duration // until exp; 5 minutes otherwise
	Now      func() time.Time

	t   testing.TB
	alg string

	mu      sync.Mutex
	keys    []*signer // the newest last
	made    int
	server  *httptest.Server
	fetches int
}

// NewTokens makes an identity provider that signs with alg: ES256, RS256 or
// EdDSA.
func NewTokens(t testing.TB, alg string) *Tokens {
	t.Helper()
	p := &Tokens{Audience: "test", Subject: "alice", Lifetime: 5 * time.Minute, Now: time.Now, t: t, alg: alg}
	p.Rotate()
	return p
}

// Rotate makes a new key, which signs from now on, and forgets the others.
func (p *Tokens) Rotate() {
	p.t.Helper()
	p.AddKey()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = p.keys[len(p.keys)-1:]
}

// AddKey makes a new key, which signs from now on, and goes on publishing the
// others.
func (p *Tokens) AddKey() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made++
	s, err := newSigner(p.alg, fmt.Sprintf("key-%d", p.made))
	if err != nil {
		p.t.Fatalf("make a key of %s: %v", p.alg, err)
	}
	p.keys = append(p.keys, s)
}

// Token mints a token of iss, sub, aud, iat and exp, over which the claims are
// laid: a nil value takes a claim away.
func (p *Tokens) Token(claims map[string]any) string { return p.TokenWith(nil, claims) }

// TokenWith is Token with header parameters over alg, kid and typ: for tokens
// that must be refused. The signature is always that of the newest key.
func (p *Tokens) TokenWith(header, claims map[string]any) string {
	p.t.Helper()
	now := p.Now()
	key := p.newest()
	all := over(map[string]any{
		"iss": p.issuer(), "sub": p.Subject, "aud": p.Audience,
		"iat": now.Unix(), "exp": now.Add(p.Lifetime).Unix(),
	}, claims)
	token, err := key.mint(over(map[string]any{"alg": p.alg, "kid": key.id, "typ": "JWT"}, header), all)
	if err != nil {
		p.t.Fatalf("mint a token: %v", err)
	}
	return token
}

func over(base, upper map[string]any) map[string]any {
	for name, value := range upper {
		base[name] = value
		if value == nil {
			delete(base, name)
		}
	}
	return base
}

func (p *Tokens) newest() *signer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[len(p.keys)-1]
}

func (p *Tokens) issuer() string {
	if p.Issuer != "" {
		return p.Issuer
	}
	return p.URL()
}

// KeySet returns the JSON Web Key Set (RFC 7517) that is published now.
func (p *Tokens) KeySet() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	set := struct {
		Keys []map[string]string `json:"keys"`
	}{}
	for _, key := range p.keys {
		set.Keys = append(set.Keys, key.jwk())
	}
	raw, err := json.Marshal(set)
	if err != nil {
		p.t.Fatalf("encode the key set: %v", err)
	}
	return raw
}

// Discovery returns the discovery document, with base in front of its
// endpoints.
func (p *Tokens) Discovery(base string) []byte {
	issuer := p.Issuer
	if issuer == "" {
		issuer = base
	}
	raw, err := json.Marshal(map[string]any{
		"issuer": issuer, "jwks_uri": base + "/jwks",
		"authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{p.alg},
	})
	if err != nil {
		p.t.Fatalf("encode the discovery document: %v", err)
	}
	return raw
}

// URL returns the address of a server on loopback that serves p. It is started
// when it is first asked for, and closed when the test ends. Inside a synctest
// bubble, set Issuer and serve p in process instead.
func (p *Tokens) URL() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil {
		p.server = httptest.NewServer(p)
		p.t.Cleanup(p.server.Close)
	}
	return p.server.URL
}

// Fetches returns how often the key set was fetched.
func (p *Tokens) Fetches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetches
}

// ServeHTTP implements http.Handler.
func (p *Tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/jwks":
		p.mu.Lock()
		p.fetches++
		p.mu.Unlock()
		answerJSON(w, p.KeySet())
	case "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server":
		answerJSON(w, p.Discovery("http://"+r.Host))
	default:
		http.NotFound(w, r)
	}
}

func answerJSON(w http.ResponseWriter, raw []byte) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw)
}

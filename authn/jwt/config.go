package jwt

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/authn/internal/jose"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Bounds and defaults.
const (
	defaultLeeway   = 30 * time.Second
	maxLeeway       = 120 * time.Second
	defaultRefresh  = 15 * time.Minute
	minRefresh      = 10 * time.Second
	defaultStaleFor = 24 * time.Hour
	defaultTTL      = time.Minute
	maxTTL          = time.Hour
	defaultEntries  = 10_000
	maxEntries      = 1_000_000
)

// Config holds the settings of the kind "jwt". Claims are named by their path:
// members separated by dots, such as realm_access.roles; a dot or a backslash
// within a name is written with a backslash before it.
type Config struct {
	// Issuer is the exact value of the claim iss. Required.
	Issuer string `json:"issuer"`
	// Audience is the exact value that the claim aud has to be or hold. Either
	// it or Audiences is required.
	Audience string `json:"audience,omitempty"`
	// Audiences lists several, of which aud has to be or hold one.
	Audiences []string `json:"audiences,omitempty"`
	// JWKSURL is where the issuer publishes its keys: an https URL, or http on
	// a loopback address. Either it or JWKSFile is required.
	JWKSURL string `json:"jwks_url,omitempty"`
	// JWKSFile is the path of a file that holds the key set. Where it changes,
	// the next update of the configuration takes it up.
	JWKSFile string `json:"jwks_file,omitempty"`
	// AllowPrivate lets the host of JWKSURL resolve to private, link-local and
	// other addresses that are not of the public internet. Default false.
	AllowPrivate bool `json:"allow_private,omitempty"`
	// Algorithms lists the signature algorithms that are taken, of RS256, RS384,
	// RS512, PS256, PS384, PS512, ES256, ES384, ES512 and EdDSA. Default RS256,
	// PS256, ES256 and EdDSA.
	Algorithms []string `json:"algorithms,omitempty" enum:"RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,EdDSA"`
	// Leeway is how far the clocks of issuer and gateway may differ where exp,
	// nbf and iat are judged. 0 means 30s, at most 2m.
	Leeway registry.Duration `json:"leeway,omitempty"`
	// RequireType is the type that the header of the token has to name, such as
	// at+jwt (RFC 9068). Default: no type, JWT or at+jwt.
	RequireType string `json:"require_typ,omitempty"`
	// AcceptIDTokens takes ID tokens (OpenID Connect) for access tokens: those
	// that hold nonce, at_hash or c_hash, or whose only audience is the client
	// that they were issued to. Default false.
	AcceptIDTokens bool `json:"accept_id_tokens,omitempty"`

	// Header is a request field that holds the token and nothing else. Where
	// neither it nor Cookie is given, the token comes in "Authorization: Bearer".
	Header string `json:"header,omitempty"`
	// Cookie is the name of a cookie that holds the token.
	Cookie string `json:"cookie,omitempty"`
	// Forward leaves the token in the request that the backend gets. Default false.
	Forward bool `json:"forward,omitempty"`

	// SubjectClaim names the caller. Default sub. A token without it is refused.
	SubjectClaim string `json:"subject_claim,omitempty"`
	// ConsumerClaim names whose subscriptions count. Default client_id or, where
	// the token has none, azp; neither has to be there. A claim that is named
	// here has to be.
	ConsumerClaim string `json:"consumer_claim,omitempty"`
	// ScopesClaim holds the scopes, as a list or separated by spaces. Default
	// scope or, where the token has none, scp.
	ScopesClaim string `json:"scopes_claim,omitempty"`
	// RolesClaim holds the roles, as a list or as one name. Default roles.
	RolesClaim string `json:"roles_claim,omitempty"`
	// EnvironmentClaim names the environment that the token is good for. A token
	// without it is refused. Default: good for any.
	EnvironmentClaim string `json:"environment_claim,omitempty"`

	// Refresh is how often the keys are fetched. 0 means 15m, at least 10s.
	Refresh registry.Duration `json:"refresh,omitempty"`
	// StaleFor is how long keys stay good after they were last fetched, while
	// the issuer cannot be reached. 0 means 24h, at least Refresh.
	StaleFor registry.Duration `json:"stale_for,omitempty"`
	// Cache remembers verified tokens.
	Cache CacheConfig `json:"cache,omitzero"`
}

// CacheConfig holds the settings of the cache of verified tokens. Routes with
// equal settings share one.
type CacheConfig struct {
	// TTL is how long a token is not verified again; never beyond its exp. 0
	// means 1m, at most 1h.
	TTL registry.Duration `json:"ttl,omitempty"`
	// MaxEntries bounds the tokens that are remembered. 0 means 10000, at most
	// 1000000.
	MaxEntries int `json:"max_entries,omitempty"`
	// Disabled verifies every token anew. Default false.
	Disabled bool `json:"disabled,omitempty"`
}

// Validate reports every fault of the settings.
func (c Config) Validate() error {
	var faults registry.Faults
	c.checkExpected(&faults)
	c.checkKeys(&faults)
	c.checkPlaces(&faults)
	c.checkClaims(&faults)
	c.checkTimes(&faults)
	return faults.Err()
}

func (c Config) checkExpected(faults *registry.Faults) {
	if c.Issuer == "" {
		faults.Add("/issuer", "want the exact value of iss")
	}
	if (c.Audience == "") == (len(c.Audiences) == 0) {
		faults.Add("/audience", "want either audience or audiences")
	}
	if slices.Contains(c.Audiences, "") {
		faults.Add("/audiences", "an audience is empty")
	}
	for _, name := range c.Algorithms {
		if !slices.Contains(jose.Algorithms(), name) {
			faults.Add("/algorithms", "want some of %s, not %q", strings.Join(jose.Algorithms(), ", "), name)
		}
	}
}

func (c Config) checkKeys(faults *registry.Faults) {
	if (c.JWKSURL == "") == (c.JWKSFile == "") {
		faults.Add("/jwks_url", "want either jwks_url or jwks_file")
	}
	if c.JWKSURL == "" {
		return
	}
	u, err := url.Parse(c.JWKSURL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		faults.Add("/jwks_url", "want an absolute URL without user and fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		faults.Add("/jwks_url", "want https; http is for loopback addresses only")
	}
}

func (c Config) checkPlaces(faults *registry.Faults) {
	switch strings.ToLower(c.Header) {
	case "authorization":
		faults.Add("/header", "the field Authorization holds a scheme: leave header out for it")
	case "cookie":
		faults.Add("/header", "want cookie: NAME in place of it")
	}
	if !isName(c.Header) {
		faults.Add("/header", "want letters, digits and !#$%%&'*+-.^_`|~ only, not %q", c.Header)
	}
	if !isName(c.Cookie) {
		faults.Add("/cookie", "want letters, digits and !#$%%&'*+-.^_`|~ only, not %q", c.Cookie)
	}
}

func (c Config) checkClaims(faults *registry.Faults) {
	claims := [...]struct{ field, path string }{
		{"/subject_claim", c.SubjectClaim}, {"/consumer_claim", c.ConsumerClaim}, {"/scopes_claim", c.ScopesClaim},
		{"/roles_claim", c.RolesClaim}, {"/environment_claim", c.EnvironmentClaim},
	}
	for _, claim := range claims {
		if _, err := parsePath(claim.path); err != nil {
			faults.Add(claim.field, "%w", err)
		}
	}
}

func (c Config) checkTimes(faults *registry.Faults) {
	if c.Leeway.Std() > maxLeeway {
		faults.Add("/leeway", "want at most %v", maxLeeway)
	}
	if c.refresh() < minRefresh {
		faults.Add("/refresh", "want at least %v", minRefresh)
	}
	if c.staleFor() < c.refresh() {
		faults.Add("/stale_for", "want at least refresh, which is %v", c.refresh())
	}
	if c.Cache.TTL.Std() > maxTTL {
		faults.Add("/cache/ttl", "want at most %v", maxTTL)
	}
	if c.Cache.MaxEntries < 0 || c.Cache.MaxEntries > maxEntries {
		faults.Add("/cache/max_entries", "want at most %d", maxEntries)
	}
}

func (c Config) refresh() time.Duration  { return c.Refresh.Or(defaultRefresh) }
func (c Config) staleFor() time.Duration { return c.StaleFor.Or(defaultStaleFor) }

func (c Config) audiences() []string {
	if c.Audience != "" {
		return []string{c.Audience}
	}
	return slices.Clone(c.Audiences)
}

func (c Config) algorithms() []string {
	if len(c.Algorithms) == 0 {
		return []string{"RS256", "PS256", "ES256", "EdDSA"}
	}
	return slices.Clone(c.Algorithms)
}

// isLoopback reports whether a host is this machine by its name alone.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// isName reports whether s holds token characters only (RFC 9110 section 5.6.2).
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return true
}

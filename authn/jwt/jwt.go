package jwt

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/internal/jose"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// New makes an authenticator of the settings. Keys and verified tokens are
// shared with whatever was made of equal settings in the same gateway; keys of
// a URL are fetched by a task of env, so env has to be that of a gateway or a
// pipeline.Scope.
func New(env *pipeline.Env, c Config, opts ...Option) (authn.Authenticator, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	m, err := newMapping(c)
	if err != nil {
		return nil, err
	}
	o := collect(opts)
	a := &authenticator{
		issuer: c.Issuer, algorithms: c.algorithms(), staleFor: c.staleFor(),
		places: newPlaces(c), rules: newRules(c), mapping: m, now: o.now,
	}
	if a.ring, err = keysOf(env, c, o); err != nil {
		return nil, err
	}
	a.cache, err = cacheOf(env, c)
	return a, err
}

func keysOf(env *pipeline.Env, c Config, o options) (*keyring, error) {
	if c.JWKSFile != "" {
		ring, err := fileKeys(env, c.JWKSFile)
		return ring, registry.At("/jwks_file", err)
	}
	if env.Context == nil {
		return nil, registry.At("/jwks_url", errors.New("keys can only be fetched by the task of a gateway or a scope"))
	}
	ring, err := urlKeys(env, c, o)
	return ring, registry.At("/jwks_url", err)
}

// cacheOf returns the cache of all that was made of equal settings: what is
// remembered under one has been judged by all of them.
func cacheOf(env *pipeline.Env, c Config) (*tokenCache, error) {
	if c.Cache.Disabled {
		return nil, nil
	}
	return pipeline.Shared(env, string(Policy(c).Config), func(*pipeline.Env) (*tokenCache, error) {
		return newTokenCache(c.Cache), nil
	})
}

type authenticator struct {
	issuer     string
	algorithms []string
	staleFor   time.Duration
	places     places
	rules      rules
	mapping    mapping
	ring       *keyring
	cache      *tokenCache // nil where none is wanted
	now        func() time.Time
}

// Authenticate judges the token of the request.
func (a *authenticator) Authenticate(ctx context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	f, err := a.Find(x)
	if err != nil {
		return nil, err
	}
	return a.Judge(ctx, x, f)
}

// Find implements authn.Finder.
func (a *authenticator) Find(x *pipeline.Exchange) (authn.Found, error) {
	token, at, err := a.places.find(x.In.Header)
	return authn.Found{Credential: token, Place: uint8(at)}, err
}

// Judge implements authn.Finder.
func (a *authenticator) Judge(ctx context.Context, x *pipeline.Exchange, f authn.Found) (*pipeline.Identity, error) {
	id, err := a.identify(ctx, x, f.Credential)
	if err != nil {
		return nil, err
	}
	a.places.remove(x, place(f.Place))
	return id, nil
}

// Challenges asks for a bearer token (RFC 6750 section 3).
func (a *authenticator) Challenges() []string { return []string{"Bearer"} }

// Places tells where tokens are looked for.
func (a *authenticator) Places() []string { return a.places.names() }

// Strip takes a token out of what the backend gets.
func (a *authenticator) Strip(x *pipeline.Exchange, place string) { a.places.strip(x, place) }

// identify returns whom the token names, from the cache where it is there.
func (a *authenticator) identify(ctx context.Context, x *pipeline.Exchange, token string) (*pipeline.Identity, error) {
	if a.cache == nil {
		id, _, err := a.verify(ctx, x, token)
		return id, err
	}
	sum := sumOf(token)
	now := a.now()
	if set := a.ring.usable(now, a.staleFor); set != nil {
		if id := a.cache.get(&sum, set, now); id != nil {
			return id, nil
		}
	}
	return a.verifyAndKeep(ctx, x, token, sum)
}

func (a *authenticator) verifyAndKeep(ctx context.Context, x *pipeline.Exchange, token string, sum [sha256.Size]byte) (*pipeline.Identity, error) {
	id, set, err := a.verify(ctx, x, token)
	if err == nil {
		a.cache.put(&sum, set, a.now(), id)
	}
	return id, err
}

// verify judges a token: its form, whose it is, its signature, and only then
// what it says. The issuer is looked at before the signature to leave a token
// to others, for which it need not be proven.
func (a *authenticator) verify(ctx context.Context, x *pipeline.Exchange, token string) (*pipeline.Identity, *jose.Set, error) {
	t, err := jose.Parse(token)
	switch {
	case err != nil && !strings.Contains(token, "."):
		return nil, nil, malformed(authn.ErrForeign) // an opaque token, or a key
	case err != nil:
		return nil, nil, malformed(err)
	case t.Claims["iss"] != any(a.issuer):
		return nil, nil, foreign()
	case !slices.Contains(a.algorithms, t.Algorithm):
		return nil, nil, algorithmRefused()
	}
	key, set, err := a.key(ctx, x, t)
	switch {
	case err != nil:
		return nil, nil, err
	case !key.Fits(t.Algorithm):
		return nil, nil, algorithmRefused()
	case !key.Verify(t):
		return nil, nil, signatureInvalid()
	}
	id, err := a.admit(t)
	return id, set, err
}

// admit judges what a token with a good signature says.
func (a *authenticator) admit(t *jose.Token) (*pipeline.Identity, error) {
	expires, err := a.rules.judge(t, a.now())
	if err != nil {
		return nil, err
	}
	id, err := a.mapping.identity(t.Claims, a.issuer, expires)
	if err != nil {
		return nil, malformed(err)
	}
	return id, nil
}

// key returns the key that the token names, of the set that it is in.
func (a *authenticator) key(ctx context.Context, x *pipeline.Exchange, t *jose.Token) (*jose.Key, *jose.Set, error) {
	set, err := a.keys(ctx, x)
	if err != nil {
		return nil, nil, err
	}
	if key := set.Find(t.KeyID, t.Algorithm); key != nil {
		return key, set, nil
	}
	return a.hunt(ctx, x, t)
}

// keys returns the key set. Where there is none yet, it waits for the fetch
// that is under way.
func (a *authenticator) keys(ctx context.Context, x *pipeline.Exchange) (*jose.Set, error) {
	if set := a.ring.usable(a.now(), a.staleFor); set != nil {
		return set, nil
	}
	cause := errNoKeys
	if fl := a.ring.fetch.first(); fl != nil {
		if err := fl.wait(ctx, x.Deadline); err != nil {
			cause = err
		}
	}
	if set := a.ring.usable(a.now(), a.staleFor); set != nil {
		return set, nil
	}
	return nil, keysUnavailable(cause)
}

var errNoKeys = errors.New("there are no keys that are fresh enough, and the issuer did not answer a moment ago")

// hunt looks for an unknown key in a key set that is fetched now, within the
// bounds of issuer and caller.
func (a *authenticator) hunt(ctx context.Context, x *pipeline.Exchange, t *jose.Token) (*jose.Key, *jose.Set, error) {
	fetch := a.ring.fetch
	if fetch == nil {
		return nil, nil, keyUnknown()
	}
	fl := fetch.hunt(t.KeyID, x.Client)
	if fl == nil || fl.wait(ctx, x.Deadline) != nil {
		return nil, nil, keyUnknown()
	}
	if set := a.ring.usable(a.now(), a.staleFor); set != nil {
		if key := set.Find(t.KeyID, t.Algorithm); key != nil {
			return key, set, nil
		}
	}
	fetch.missed(t.KeyID)
	return nil, nil, keyUnknown()
}

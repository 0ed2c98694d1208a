package jwt

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/authn/internal/jose"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A keyring holds the key set of one place, for all routes that use it. It is
// read without a lock: a token with a known key waits for nobody.
type keyring struct {
	held  atomic.Pointer[keys]
	fetch *fetcher // nil for a file, whose keys neither change nor grow old
}

// keys are a key set as of one moment.
type keys struct {
	set *jose.Set // the same one as before where its content is
	sum [sha256.Size]byte
	at  time.Time // of the last fetch
}

// usable returns the key set, nil where there is none fresh enough at now.
func (k *keyring) usable(now time.Time, staleFor time.Duration) *jose.Set {
	held := k.held.Load()
	if held == nil || k.fetch != nil && now.Sub(held.at) > staleFor {
		return nil
	}
	return held.set
}

// take holds on to a key set that was fetched at now.
func (k *keyring) take(raw []byte, now time.Time, log *slog.Logger) error {
	sum := sha256.Sum256(raw)
	if held := k.held.Load(); held != nil && held.sum == sum {
		k.held.Store(&keys{held.set, sum, now})
		return nil
	}
	set, err := jose.ParseSet(raw)
	if err != nil {
		return err
	}
	k.held.Store(&keys{set, sum, now})
	log.Info("key set taken", "keys", set.Len(), "left_out", set.Left)
	return nil
}

// fileKeys returns the keyring of a file.
func fileKeys(env *pipeline.Env, path string) (*keyring, error) {
	raw, err := env.File(path)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("file %x", sha256.Sum256(raw))
	return pipeline.Shared(env, key, func(env *pipeline.Env) (*keyring, error) {
		ring := &keyring{}
		return ring, ring.take(raw, time.Time{}, env.Logger().With("jwks_file", path))
	})
}

// urlKeys returns the keyring of a URL. Fetching begins when the route serves,
// so that an issuer that is down keeps no configuration from being taken.
func urlKeys(env *pipeline.Env, c Config, o options) (*keyring, error) {
	key := fmt.Sprintf("url %s refresh %v private %v", c.JWKSURL, c.refresh(), c.AllowPrivate)
	return pipeline.Shared(env, key, func(env *pipeline.Env) (*keyring, error) {
		ring := &keyring{}
		ring.fetch = newFetcher(env, ring, newDownload(c, o), c.refresh(), o.now)
		env.Needs(func() bool { return ring.held.Load() != nil })
		env.Go(ring.fetch.run)
		return ring, nil
	})
}

package jwt

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/authn/internal/jose"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// ways is how many entries a hash may choose from.
const ways = 4

// A tokenCache remembers whom verified tokens named. It is a table of a fixed
// size, read and written without a lock, keyed by the SHA-256 of the whole
// token: only what was verified gets in, so nobody can fill it.
type tokenCache struct {
	ttl     time.Duration
	entries []atomic.Pointer[entry]
}

// An entry is never altered.
type entry struct {
	sum   [sha256.Size]byte
	set   *jose.Set // that the token was verified by
	until int64     // nanoseconds since 1970
	id    *pipeline.Identity
}

func newTokenCache(c CacheConfig) *tokenCache {
	n := c.MaxEntries
	if n == 0 {
		n = defaultEntries
	}
	n = max(n/ways, 1) * ways
	return &tokenCache{ttl: c.TTL.Or(defaultTTL), entries: make([]atomic.Pointer[entry], n)}
}

// row returns the entries that a sum may stand in.
func (c *tokenCache) row(sum *[sha256.Size]byte) []atomic.Pointer[entry] {
	n := uint64(len(c.entries) / ways)
	i := binary.LittleEndian.Uint64(sum[:]) % n * ways
	return c.entries[i : i+ways]
}

// get returns whom the token of the sum names; nil where it is not remembered,
// or not as of this key set.
func (c *tokenCache) get(sum *[sha256.Size]byte, set *jose.Set, now time.Time) *pipeline.Identity {
	row := c.row(sum)
	for i := range row {
		if e := row[i].Load(); e != nil && e.sum == *sum && e.set == set && now.UnixNano() < e.until {
			return e.id
		}
	}
	return nil
}

// put remembers a token, no longer than it lasts. It takes the place of the
// entry that would end first.
func (c *tokenCache) put(sum *[sha256.Size]byte, set *jose.Set, now time.Time, id *pipeline.Identity) {
	until := now.Add(c.ttl)
	if id.Expires.Before(until) {
		until = id.Expires
	}
	if !now.Before(until) {
		return
	}
	c.replaced(sum, set).Store(&entry{sum: *sum, set: set, until: until.UnixNano(), id: id})
}

func (c *tokenCache) replaced(sum *[sha256.Size]byte, set *jose.Set) *atomic.Pointer[entry] {
	row := c.row(sum)
	best := &row[0]
	var ends int64
	for i := range row {
		e := row[i].Load()
		if e == nil || e.sum == *sum || e.set != set {
			return &row[i]
		}
		if i == 0 || e.until < ends {
			best, ends = &row[i], e.until
		}
	}
	return best
}

// sums hold a copy of the token while it is hashed: a string cannot be, and a
// conversion would allocate.
var sums = sync.Pool{New: func() any { return new([jose.MaxToken]byte) }}

// sumOf returns the SHA-256 of a token of at most jose.MaxToken bytes.
func sumOf(token string) [sha256.Size]byte {
	buffer := sums.Get().(*[jose.MaxToken]byte)
	n := copy(buffer[:], token)
	sum := sha256.Sum256(buffer[:n])
	clear(buffer[:n])
	sums.Put(buffer)
	return sum
}

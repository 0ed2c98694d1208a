package cache

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// ErrMiss says that the store holds nothing under the key.
var ErrMiss = errors.New("cache: miss")

// An Entry is a stored response. It is shared and never altered.
//
// An entry without a Status is a marker: it says, in Vary, which fields of the
// request choose between the responses that are kept for one URI.
//
// A store keeps entries whole, whatever their fields mean.
type Entry struct {
	Status  int
	Header  http.Header
	Body    []byte
	Stored  time.Time // when it was received or last validated
	Expires time.Time // until when the store keeps it, which is longer than it is fresh
	Tags    []string

	// Age is how old the response already was when it was stored (RFC 9111
	// section 4.2.3), and Fresh how old it may get (section 4.2.1).
	Age   time.Duration
	Fresh time.Duration
	// Strict forbids to serve it stale, whatever happens (section 4.2.4).
	Strict bool
	// StaleIfError and StaleWhileRevalidate are for how long after its
	// freshness it may be served where the backend fails, and while it is
	// validated (RFC 5861).
	StaleIfError         time.Duration
	StaleWhileRevalidate time.Duration
	// Vary names, sorted and in canonical form, the fields of the request that
	// chose this response.
	Vary []string
}

// A Store keeps entries, within a bound of its own. Its methods are called
// from many goroutines at once.
type Store interface {
	// Get returns ErrMiss where there is no entry, or an expired one.
	Get(ctx context.Context, key string) (*Entry, error)
	// Set stores e, which is not altered after it, in place of what was there:
	// one that has expired removes that.
	Set(ctx context.Context, key string, e *Entry) error
	// Purge removes every entry that bears the tag.
	Purge(ctx context.Context, tag string) error
}

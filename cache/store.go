// Package cache defines where responses are kept. What HTTP caching means
// (RFC 9111) is decided above a Store.
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
type Entry struct {
	Status  int
	Header  http.Header
	Body    []byte
	Stored  time.Time
	Expires time.Time
	Tags    []string
}

// A Store keeps entries, within a bound of its own. Its methods are called
// from many goroutines at once.
type Store interface {
	// Get returns ErrMiss where there is no entry, or an expired one.
	Get(ctx context.Context, key string) (*Entry, error)
	// Set stores e, which is not altered after it, in place of what was there.
	Set(ctx context.Context, key string, e *Entry) error
	// Purge removes every entry that bears the tag.
	Purge(ctx context.Context, tag string) error
}

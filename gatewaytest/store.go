package gatewaytest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seed-f9645bd3/gateway/cache"
)

// A Store keeps entries in memory, without a bound. Its zero value is empty.
type Store struct {
	Err error // the answer to everything, where set

	mu      sync.Mutex
	entries map[string]*cache.Entry
}

// Get implements cache.Store.
func (s *Store) Get(_ context.Context, key string) (*cache.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Err != nil {
		return nil, s.Err
	}
	e := s.entries[key]
	if e == nil || (!e.Expires.IsZero() && !time.Now().Before(e.Expires)) {
		return nil, cache.ErrMiss
	}
	return e, nil
}

// Set implements cache.Store.
func (s *Store) Set(_ context.Context, key string, e *cache.Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Err != nil {
		return s.Err
	}
	if s.entries == nil {
		s.entries = map[string]*cache.Entry{}
	}
	s.entries[key] = e
	return nil
}

// Purge implements cache.Store.
func (s *Store) Purge(_ context.Context, tag string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Err != nil {
		return s.Err
	}
	for key, e := range s.entries {
		if slices.Contains(e.Tags, tag) {
			delete(s.entries, key)
		}
	}
	return nil
}

// Keys returns the keys under which there is an entry, sorted.
func (s *Store) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := make([]string, 0, len(s.entries))
	for key := range s.entries {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

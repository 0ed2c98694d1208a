package gatewaytest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A Source delivers what is pushed to it, and is in contact while it is watched
// and not silent. Its zero value is ready.
type Source struct {
	// Err, where set, is what Watch returns at once.
	Err error

	once    sync.Once
	updates chan pushed
	ended   chan struct{}

	mu      sync.Mutex
	refused []error
	watched bool
	silent  bool
	lost    time.Time // when it was in contact last, where it is not
}

type pushed struct {
	update  registry.Update
	refusal chan error
}

// ErrNotWatched says that nobody watches the source any more.
var ErrNotWatched = errors.New("gatewaytest: the source is not watched any more")

func (s *Source) init() {
	s.once.Do(func() { s.updates, s.ended = make(chan pushed), make(chan struct{}) })
}

// Watch implements registry.Source. A source is watched once.
func (s *Source) Watch(ctx context.Context, apply func(registry.Update) error) error {
	s.init()
	defer close(s.ended)
	s.hears(func() { s.watched = true })
	defer s.hears(func() { s.watched = false })
	if s.Err != nil {
		return s.Err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case p := <-s.updates:
			err := apply(p.update)
			s.refuse(err)
			p.refusal <- err
		}
	}
}

func (s *Source) refuse(err error) {
	if err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, err)
}

// Contact implements registry.Contacted.
func (s *Source) Contact() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watched && !s.silent {
		return time.Now()
	}
	return s.lost
}

// Silent takes the contact away, or gives it back.
func (s *Source) Silent(silent bool) { s.hears(func() { s.silent = silent }) }

// hears changes what contact depends on, and keeps when it ended.
func (s *Source) hears(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watched && !s.silent {
		s.lost = time.Now()
	}
	change()
}

// Push delivers an update and returns what became of it: nil, the refusal, or
// ErrNotWatched. It waits until the source is watched.
func (s *Source) Push(u registry.Update) error {
	s.init()
	p := pushed{update: u, refusal: make(chan error, 1)}
	select {
	case s.updates <- p:
		return <-p.refusal
	case <-s.ended:
		return ErrNotWatched
	}
}

// Refused returns the refusals so far, oldest first.
func (s *Source) Refused() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]error(nil), s.refused...)
}

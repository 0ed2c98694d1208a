package pipeline

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A Scope is the life of one compiled thing: a route, the edge chain, a shared
// thing. It holds what was built for it, starts what Env.Go collected, and
// lets go of all of it at its end.
//
// Build with Env, then either Start it and later Close it, or Close it at once
// where building failed.
type Scope struct {
	pool   *Pool
	makes  *slot  // what is built in the scope, where that is shared
	within *Scope // where makes was asked for first
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc
	wait   sync.WaitGroup

	mu      sync.Mutex
	started bool
	tasks   []func(ctx context.Context)
	needs   []func() bool
	held    map[*slot]bool
	files   map[string][sha256.Size]byte
}

// NewScope makes a scope whose shared things live in pool.
func NewScope(pool *Pool, log *slog.Logger) *Scope {
	ctx, cancel := context.WithCancel(context.Background())
	return &Scope{pool: pool, log: log, ctx: ctx, cancel: cancel, held: map[*slot]bool{}}
}

// A Workshop is what every Env of one gateway has in common.
type Workshop struct {
	Kinds       *Kinds
	Directory   registry.Directory
	Environment string
	// Upstreams returns the handler that delivers to an upstream.
	Upstreams func(name string) (Handler, error)
}

// Env returns what a policy of the scope is built with.
func (s *Scope) Env(w Workshop, route *registry.Route, name string) *Env {
	return &Env{
		Context: s.ctx, Route: route, Environment: w.Environment, Name: name,
		Log: s.log, Directory: w.Directory,
		kinds: w.Kinds, upstreams: w.Upstreams, scope: s,
	}
}

func (s *Scope) add(f func(ctx context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		s.run(f)
		return
	}
	s.tasks = append(s.tasks, f)
}

func (s *Scope) need(ready func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.needs = append(s.needs, ready)
}

// Ready reports whether all that Env.Needs named is there, in the shared
// things too.
func (s *Scope) Ready() bool {
	s.mu.Lock()
	needs := slices.Clone(s.needs)
	held := slices.Collect(maps.Keys(s.held))
	s.mu.Unlock()
	for _, ready := range needs {
		if !ready() {
			return false
		}
	}
	return !slices.ContainsFunc(held, func(sl *slot) bool { return !sl.scope.Ready() })
}

func (s *Scope) read(path string, sum [sha256.Size]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files == nil {
		s.files = map[string][sha256.Size]byte{}
	}
	s.files[path] = sum
}

// Stale reports whether a file that was read while building has changed.
func (s *Scope) Stale() bool {
	s.mu.Lock()
	files := maps.Clone(s.files)
	held := maps.Clone(s.held)
	s.mu.Unlock()
	for path, sum := range files {
		content, err := readFile(path)
		if err != nil || sha256.Sum256(content) != sum {
			return true
		}
	}
	for sl := range held {
		if sl.scope.Stale() {
			return true
		}
	}
	return false
}

// Start starts what Env.Go collected, in the shared things too.
func (s *Scope) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		return
	}
	s.started = true
	for sl := range s.held {
		sl.scope.Start()
	}
	for _, f := range s.tasks {
		s.run(f)
	}
	s.tasks = nil
}

func (s *Scope) run(f func(ctx context.Context)) {
	s.wait.Go(func() {
		defer func() {
			if p := recover(); p != nil && s.log != nil {
				s.log.Error("background task panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			}
		}()
		f(s.ctx)
	})
}

// Close ends the context, waits for what was started and lets go of what is
// shared. It may be called more than once.
func (s *Scope) Close() {
	s.cancel()
	s.wait.Wait()
	s.mu.Lock()
	held := s.held
	s.held = nil
	s.mu.Unlock()
	for sl := range held {
		s.pool.release(sl)
	}
}

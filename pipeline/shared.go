package pipeline

import (
	"fmt"
	"io"
	"reflect"
	"sync"
)

// A Pool holds what routes share, each thing as long as any route uses it.
type Pool struct {
	mu    sync.Mutex
	slots map[slotKey]*slot
}

type slotKey struct {
	kind reflect.Type
	key  string
}

// A slot is one shared thing. value and err are valid once ready is closed.
type slot struct {
	key   slotKey
	users int // under Pool.mu
	ready chan struct{}
	scope *Scope
	value any
	err   error
}

// NewPool makes an empty pool.
func NewPool() *Pool { return &Pool{slots: map[slotKey]*slot{}} }

// Len returns how many things are shared at present.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.slots)
}

// Shared returns the thing that make made for this key and type, and keeps it
// as long as any route uses it: one key set, one breaker, one pool for five
// hundred routes. State under a key outlives reloads that do not change the
// key, so the key holds what the state belongs to, and nothing else.
//
// make is called once, under no lock, with an Env of the thing's own: what it
// gives to Go lives as long as the thing. Where the thing is an io.Closer, it
// is closed after its last user has gone and its goroutines have ended.
func Shared[T any](env *Env, key string, make func(env *Env) (T, error)) (T, error) {
	var none T
	if env.scope == nil || env.scope.pool == nil {
		return make(env)
	}
	value, err := env.scope.share(env, slotKey{reflect.TypeFor[T](), key}, func(env *Env) (any, error) { return make(env) })
	if err != nil {
		return none, err
	}
	thing, ok := value.(T)
	if !ok {
		return none, fmt.Errorf("shared %q: made nothing", key)
	}
	return thing, nil
}

func (s *Scope) share(env *Env, key slotKey, make func(env *Env) (any, error)) (any, error) {
	if s.making(key) {
		return nil, fmt.Errorf("shared %q: is made of itself", key.key)
	}
	sl, first := s.pool.acquire(s, key)
	if first {
		own := *env
		own.Context, own.Route, own.Name, own.scope = sl.scope.ctx, nil, key.key, sl.scope
		s.pool.make(sl, &own, make)
	}
	<-sl.ready
	if sl.err != nil {
		s.pool.release(sl)
		return nil, sl.err
	}
	s.hold(sl)
	return sl.value, nil
}

// making reports whether s is built for the thing of this key, directly or
// through others, so that waiting for it would never end.
func (s *Scope) making(key slotKey) bool {
	for ; s != nil; s = s.within {
		if s.makes != nil && s.makes.key == key {
			return true
		}
	}
	return false
}

// make fills sl. Where make panics, the slot is let go like that of any other
// failure: those who wait for it get an error, and who comes later tries anew.
func (p *Pool) make(sl *slot, env *Env, make func(env *Env) (any, error)) {
	made := false
	defer func() {
		if !made {
			sl.err = fmt.Errorf("shared %q: panicked while it was made", sl.key.key)
			defer p.release(sl)
		}
		close(sl.ready)
	}()
	sl.value, sl.err = make(env)
	made = true
}

// hold keeps sl until the scope closes; a second use by one scope counts once.
func (s *Scope) hold(sl *slot) {
	s.mu.Lock()
	twice := s.held[sl]
	if !twice {
		s.held[sl] = true
	}
	started := s.started
	s.mu.Unlock()
	if twice {
		s.pool.release(sl)
	}
	if started {
		sl.scope.Start()
	}
}

func (p *Pool) acquire(s *Scope, key slotKey) (sl *slot, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sl, ok := p.slots[key]
	if !ok {
		sl = &slot{key: key, ready: make(chan struct{}), scope: NewScope(p, s.log)}
		sl.scope.makes, sl.scope.within = sl, s
		p.slots[key] = sl
	}
	sl.users++
	return sl, !ok
}

func (p *Pool) release(sl *slot) {
	p.mu.Lock()
	sl.users--
	last := sl.users == 0
	if last {
		delete(p.slots, sl.key)
	}
	p.mu.Unlock()
	if !last {
		return
	}
	sl.scope.Close()
	if c, ok := sl.value.(io.Closer); ok && sl.err == nil {
		_ = c.Close() // nobody is left who could be told
	}
}

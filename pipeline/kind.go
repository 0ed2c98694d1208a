package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A Kind teaches the gateway one kind of configurable thing: a policy
// (Kind[[]Stage]), an authenticator, a limiter, a balancer.
type Kind[T any] struct {
	Name   string
	config reflect.Type
	build  func(env *Env, config json.RawMessage) (T, error)
}

// NewKind makes a Kind from the constructor of the thing. Settings are decoded
// strictly into C (see registry.Decode), then C's Validate is asked, if it has
// one. What an embedder brings (a Redis client, an HTTP client) is captured by
// make when the Kind is made. make starts nothing: see Env.Go.
//
// Of a field that holds a registry.Policy (or several), C says by a tag what it
// makes, unless that is []Stage: `kind:"authn.Authenticator"` beside
// Make[authn.Authenticator]. Of a field that holds one of a few words, C may
// say which: `enum:"on,off"`. Both are for the schema of documents, which
// package pipeline/schema makes; decoding does not heed them.
func NewKind[C, T any](name string, make func(env *Env, c C) (T, error)) Kind[T] {
	return Kind[T]{
		Name:   name,
		config: reflect.TypeFor[C](),
		build: func(env *Env, config json.RawMessage) (T, error) {
			var c C
			if err := registry.Decode(config, &c); err != nil {
				var none T
				return none, err
			}
			return make(env, c)
		},
	}
}

// An AnyKind is a Kind of whatever it makes. Only Kind implements it.
type AnyKind interface {
	// KindName is how a configuration names it.
	KindName() string
	// Makes is the type of what it makes: []Stage for a policy.
	Makes() reflect.Type
	// Settings is the type that its settings are decoded into.
	Settings() reflect.Type

	buildAny(env *Env, config json.RawMessage) (any, error)
}

// KindName returns k.Name.
func (k Kind[T]) KindName() string { return k.Name }

// Makes returns the type T.
func (k Kind[T]) Makes() reflect.Type { return reflect.TypeFor[T]() }

// Settings returns the type that the settings are decoded into.
func (k Kind[T]) Settings() reflect.Type { return k.config }

func (k Kind[T]) buildAny(env *Env, config json.RawMessage) (any, error) {
	return k.build(env, config)
}

// Kinds is a set of kinds, looked up by what they make and their name.
type Kinds struct {
	byKey map[kindKey]AnyKind
}

type kindKey struct {
	makes reflect.Type
	name  string
}

// NewKinds makes a set. Two kinds of one name that make the same type are an
// error, and so is nil.
func NewKinds(kinds ...AnyKind) (*Kinds, error) {
	set := &Kinds{byKey: make(map[kindKey]AnyKind, len(kinds))}
	for _, k := range kinds {
		if k == nil {
			return nil, errors.New("a kind is nil")
		}
		key := kindKey{k.Makes(), k.KindName()}
		if _, twice := set.byKey[key]; twice {
			return nil, fmt.Errorf("kind %q of %v is given twice", key.name, key.makes)
		}
		set.byKey[key] = k
	}
	return set, nil
}

// All returns the kinds, ordered by what they make and by name.
func (ks *Kinds) All() []AnyKind {
	if ks == nil {
		return nil
	}
	all := make([]AnyKind, 0, len(ks.byKey))
	for _, k := range ks.byKey {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b AnyKind) int {
		if c := strings.Compare(a.Makes().String(), b.Makes().String()); c != 0 {
			return c
		}
		return strings.Compare(a.KindName(), b.KindName())
	})
	return all
}

// names returns the names of the kinds that make t.
func (ks *Kinds) names(t reflect.Type) []string {
	var names []string
	for _, k := range ks.All() {
		if k.Makes() == t {
			names = append(names, k.KindName())
		}
	}
	return names
}

func (ks *Kinds) find(t reflect.Type, name string) (AnyKind, error) {
	if ks != nil {
		if k, ok := ks.byKey[kindKey{t, name}]; ok {
			return k, nil
		}
	}
	return nil, registry.Unknown("kind", name, ks.names(t))
}

// Make builds a nested thing by its kind: an authenticator of any_of, the store
// of a limit, a balancer. Faults in its settings carry their pointer within
// p.Config; the caller puts its own in front with registry.At. A constructor
// that panics has failed: what serves goes on.
func Make[T any](env *Env, p registry.Policy) (T, error) {
	var none T
	k, err := env.kinds.find(reflect.TypeFor[T](), p.Kind)
	if err != nil {
		return none, err
	}
	made, err := attempt(env, k, p.Config)
	if err != nil {
		return none, err
	}
	thing, ok := made.(T)
	if !ok {
		return none, fmt.Errorf("kind %q made nothing", p.Kind)
	}
	return thing, nil
}

// attempt builds a thing and makes an error of a panic.
func attempt(env *Env, k AnyKind, config json.RawMessage) (made any, err error) {
	defer func() {
		if p := recover(); p != nil {
			env.Logger().Error("constructor panicked", "kind", k.KindName(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			made, err = nil, fmt.Errorf("panicked while it was made: %v", p)
		}
	}()
	return k.buildAny(env, config)
}

package schema

import (
	"encoding"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// duration is what time.ParseDuration reads and is not negative.
const duration = `\+?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)`

// value returns the schema of what registry.Decode takes for a field of the
// type with the tag.
func (b *builder) value(t reflect.Type, tag reflect.StructTag) *node {
	if t.Kind() == reflect.Pointer {
		return b.value(t.Elem(), tag).orNull()
	}
	if t == reflect.TypeFor[registry.Policy]() {
		return b.policy(tag.Get("kind"))
	}
	switch n := written(t); {
	case n == nil:
		return b.plain(t, tag)
	case t.PkgPath() == reflect.TypeFor[registry.Policy]().PkgPath():
		return b.define(t, t.String(), func() *node { return n })
	default:
		return n
	}
}

// written returns the schema of types that have a form of their own, and nil
// for others.
func written(t reflect.Type) *node {
	switch t {
	case reflect.TypeFor[registry.Duration]():
		return &node{Type: types{"string"}, Pattern: "^" + duration + "$"}
	case reflect.TypeFor[registry.Rate]():
		return &node{Type: types{"string"}, Pattern: `^\+?0*[1-9][0-9]*/(s|second|m|min|minute|h|hour|d|day|` + duration + `)$`}
	case reflect.TypeFor[registry.Size]():
		return &node{Type: types{"string", "integer", "null"}, Pattern: "^[0-9]+(B|KiB|MiB|GiB)?$", Minimum: 0}
	case reflect.TypeFor[registry.Secret]():
		return secret()
	case reflect.TypeFor[time.Time]():
		return &node{Type: types{"string"}, Format: "date-time"}
	case reflect.TypeFor[json.Number]():
		return &node{Type: types{"number"}}
	}
	p := reflect.PointerTo(t)
	switch {
	case p.Implements(reflect.TypeFor[json.Unmarshaler]()):
		return &node{}
	case p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return &node{Type: types{"string"}}
	}
	return nil
}

// secret is a reference to one place.
func secret() *node {
	place := func(name string) *node {
		return &node{
			Type:       types{"object"},
			Properties: map[string]*node{name: {Type: types{"string"}, MinLength: 1}},
			Required:   []string{name},
			Others:     false,
		}
	}
	return &node{OneOf: []*node{place("env"), place("file")}}
}

// plain returns the schema of a type that has no decoding of its own.
func (b *builder) plain(t reflect.Type, tag reflect.StructTag) *node {
	switch t.Kind() {
	case reflect.Struct:
		return b.define(t, t.String(), func() *node { return b.object(t) })
	case reflect.Slice:
		return b.slice(t, tag)
	case reflect.Array:
		n := t.Len()
		return &node{Type: types{"array"}, Items: b.value(t.Elem(), tag), MinItems: &n, MaxItems: &n}
	case reflect.Map:
		return &node{Type: types{"object", "null"}, Names: names(t.Key()), Others: b.value(t.Elem(), tag)}
	case reflect.Interface:
		return &node{}
	}
	return scalar(t, tag)
}

func (b *builder) slice(t reflect.Type, tag reflect.StructTag) *node {
	n := &node{Type: types{"array", "null"}, Items: b.value(t.Elem(), tag)}
	if t.Elem().Kind() == reflect.Uint8 {
		n.Type = append(n.Type, "string") // in base64
	}
	return n
}

// names returns the schema of the names of members that become keys of a map.
func names(key reflect.Type) *node {
	if key.Kind() == reflect.String || reflect.PointerTo(key).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return nil
	}
	return &node{Pattern: "^[-+]?[0-9]+$"}
}

func scalar(t reflect.Type, tag reflect.StructTag) *node {
	v := reflect.Zero(t)
	switch {
	case t.Kind() == reflect.String:
		return text(tag)
	case t.Kind() == reflect.Bool:
		return &node{Type: types{"boolean"}}
	case v.CanInt() && t.Bits() < 64:
		return &node{Type: types{"integer"}, Minimum: int64(math.MinInt64) >> (64 - t.Bits()), Maximum: int64(math.MaxInt64) >> (64 - t.Bits())}
	case v.CanInt():
		return &node{Type: types{"integer"}}
	case v.CanUint() && t.Bits() < 64:
		return &node{Type: types{"integer"}, Minimum: 0, Maximum: uint64(math.MaxUint64) >> (64 - t.Bits())}
	case v.CanUint():
		return &node{Type: types{"integer"}, Minimum: 0}
	case v.CanFloat():
		return &node{Type: types{"number"}}
	}
	return &node{Not: &node{}} // channels, functions and the like cannot be decoded
}

func text(tag reflect.StructTag) *node {
	if words := tag.Get("enum"); words != "" {
		return &node{Type: types{"string"}, Enum: strings.Split(words, ",")}
	}
	return &node{Type: types{"string"}}
}

package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Of returns the schema of a registry.Document whose policies, and what they
// are built of, are of the kinds. It is the same for the same kinds, in
// whatever order. Two kinds of one name that make the same type are an error,
// and so is nil.
func Of(kinds ...pipeline.AnyKind) ([]byte, error) {
	set, err := pipeline.NewKinds(kinds...)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	b := &builder{kinds: set.All(), defs: map[string]*node{}, named: map[any]string{}}
	root := b.object(reflect.TypeFor[registry.Document]())
	root.Schema = "https://json-schema.org/draft/2020-12/schema"
	root.Title = "Configuration of the gateway, " + registry.Schema
	root.Defs = b.defs
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return out.Bytes(), nil
}

// A builder makes the definitions that the document needs.
type builder struct {
	kinds []pipeline.AnyKind
	defs  map[string]*node
	named map[any]string // definitions by struct type, kind, or what kinds make
}

// define returns a reference to the definition of key, which is made where
// there is none yet. It has its name before it is made: types may hold
// themselves.
func (b *builder) define(key any, name string, make func() *node) *node {
	if _, known := b.named[key]; !known {
		b.named[key] = b.reserve(name)
		*b.defs[b.named[key]] = *make()
	}
	return refer(b.named[key])
}

// reserve returns the name in a form that a reference needs no escapes for,
// and that no other definition has.
func (b *builder) reserve(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r == '.' || r == '_' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' {
			return r
		}
		return '-'
	}, name)
	free := plain
	for n := 2; b.defs[free] != nil; n++ {
		free = plain + "-" + strconv.Itoa(n)
	}
	b.defs[free] = &node{}
	return free
}

func refer(name string) *node { return &node{Ref: "#/$defs/" + name} }

package schema

import (
	"reflect"
	"strings"
)

// object returns the schema of a struct.
func (b *builder) object(t reflect.Type) *node {
	n := &node{Type: types{"object"}, Properties: map[string]*node{}, Others: false}
	b.members(n.Properties, t, map[reflect.Type]bool{})
	return n
}

// members gathers what the fields of t are called, and then those of the
// structs embedded in it: the outer ones hide the inner, as for
// registry.Decode. On the way are the structs that t is embedded in.
func (b *builder) members(into map[string]*node, t reflect.Type, way map[reflect.Type]bool) {
	if way[t] {
		return
	}
	way[t] = true
	defer delete(way, t)
	var embedded []reflect.Type
	for i := range t.NumField() {
		f := t.Field(i)
		name, rest := member(f)
		if rest != nil {
			embedded = append(embedded, rest)
		}
		if name != "" && into[name] == nil {
			into[name] = b.value(f.Type, f.Tag)
		}
	}
	for _, e := range embedded {
		b.members(into, e, way)
	}
}

// member returns the name of the member that goes into the field, or the
// struct whose fields stand in for it; neither for a field that takes none.
func member(f reflect.StructField) (string, reflect.Type) {
	tag := f.Tag.Get("json")
	name, _, _ := strings.Cut(tag, ",")
	inner := f.Type
	if inner.Kind() == reflect.Pointer {
		inner = inner.Elem()
	}
	embeds := f.Anonymous && inner.Kind() == reflect.Struct && (name == "" || !f.IsExported())
	switch {
	case tag == "-":
		return "", nil
	case embeds && (f.IsExported() || f.Type.Kind() == reflect.Struct):
		return "", inner
	case !f.IsExported():
		return "", nil
	case name == "":
		return f.Name, nil
	}
	return name, nil
}

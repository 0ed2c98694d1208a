package registry

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// A typeInfo is what a decoder knows of one type.
type typeInfo struct {
	byJSON, byText, validates bool
	fields                    map[string][]int
	names                     []string
}

func (d *decoder) info(t reflect.Type) *typeInfo {
	if known, ok := d.types[t]; ok {
		return known
	}
	p := reflect.PointerTo(t)
	info := &typeInfo{
		byJSON:    p.Implements(reflect.TypeFor[json.Unmarshaler]()),
		byText:    p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()),
		validates: p.Implements(reflect.TypeFor[interface{ Validate() error }]()),
	}
	if t.Kind() == reflect.Struct {
		info.fields = map[string][]int{}
		info.collect(t, nil)
		for name := range info.fields {
			info.names = append(info.names, name)
		}
		slices.Sort(info.names)
	}
	d.types[t] = info
	return info
}

// collect gathers the fields of t and of the structs embedded in it. A field
// that lies less deep hides the others of its name, as in Go.
func (info *typeInfo) collect(t reflect.Type, way []int) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for i := range t.NumField() {
		f, index := t.Field(i), append(slices.Clone(way), i)
		name, ok := memberName(f)
		switch known := info.fields[name]; {
		case !ok && embeds(f) && len(way) < maxDepth:
			info.collect(f.Type, index)
		case ok && (known == nil || len(index) < len(known)):
			info.fields[name] = index
		}
	}
}

// embeds reports whether the members of the field's own struct stand beside
// those of the struct that it is in.
func embeds(f reflect.StructField) bool {
	open := f.IsExported() || f.Type.Kind() == reflect.Struct
	return f.Anonymous && isStruct(f.Type) && open && f.Tag.Get("json") != "-"
}

// memberName returns the name of the member that goes into the field, and
// false where none does: unexported fields, those tagged "-", and embedded
// structs, whose own fields stand in for them.
func memberName(f reflect.StructField) (string, bool) {
	tag := f.Tag.Get("json")
	name, _, _ := strings.Cut(tag, ",")
	switch {
	case tag == "-" || !f.IsExported():
		return "", false
	case name != "":
		return name, true
	case f.Anonymous && isStruct(f.Type):
		return "", false
	default:
		return f.Name, true
	}
}

func isStruct(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}

// field returns the field of v at index, making the embedded structs on the
// way that are held by pointer.
func field(v reflect.Value, index []int) reflect.Value {
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v
}

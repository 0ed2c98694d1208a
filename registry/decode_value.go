package registry

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// value decodes the value at the present position into v.
func (d *decoder) value(v reflect.Value) {
	c := d.next()
	if v.Kind() == reflect.Pointer {
		d.pointer(v, c)
		return
	}
	info, before := d.info(v.Type()), len(d.faults.list)
	switch {
	case info.byJSON:
		d.unmarshalJSON(v)
	case info.byText:
		d.unmarshalText(v, c)
	default:
		d.plain(v, c)
	}
	if clean := len(d.faults.list) == before; info.validates && (clean || d.decoded(c, v)) {
		d.validate(v, clean)
	}
}

// decoded reports whether a value beginning with c was at least of the kind
// that v needs, so that v is worth asking whether it is valid.
func (d *decoder) decoded(c byte, v reflect.Value) bool {
	return c == '{' && v.Kind() == reflect.Struct || c == '[' && v.Kind() == reflect.Slice
}

func (d *decoder) pointer(v reflect.Value, c byte) {
	if c == 'n' {
		d.skip()
		v.SetZero()
		return
	}
	if v.IsNil() {
		v.Set(reflect.New(v.Type().Elem()))
	}
	d.value(v.Elem())
}

// validate asks v whether it is valid. Where decoding has found faults in it,
// what it says of itself as a whole is most likely their consequence.
func (d *decoder) validate(v reflect.Value, clean bool) {
	c, ok := v.Addr().Interface().(interface{ Validate() error })
	if !ok {
		return
	}
	here := d.path.pointer()
	for _, f := range AsFaults(At(here, c.Validate())) {
		if (clean || f.Field != here) && !d.faults.covers(f.Field) {
			d.faults.add(f)
		}
	}
}

func (d *decoder) unmarshalJSON(v reflect.Value) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		d.unmarshalText(v, d.next())
		return
	}
	u, ok := v.Addr().Interface().(json.Unmarshaler)
	if !ok {
		return
	}
	before := len(d.faults.list)
	raw := d.raw()
	if d.repeatedWithin(before) {
		return
	}
	d.faults.addAll(AsFaults(At(d.path.pointer(), u.UnmarshalJSON(raw))))
}

// repeatedWithin reports whether the scanner has found a repeated member within
// the present value: one is enough, and the type would report it once more.
func (d *decoder) repeatedWithin(until int) bool {
	here := d.path.pointer() + "/"
	for _, f := range d.faults.list[:until] {
		if len(f.Field) >= len(here) && f.Field[:len(here)] == here {
			return true
		}
	}
	return false
}

func (d *decoder) unmarshalText(v reflect.Value, c byte) {
	if c != '"' {
		d.wrongType("a string")
		return
	}
	u, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	if !ok {
		return
	}
	text := d.text()
	err := u.UnmarshalText([]byte(text))
	switch {
	case err == nil:
	case v.Type() == reflect.TypeFor[time.Time]():
		d.fault("want a time such as 2030-01-31T12:00:00Z, not %q", clip(text))
	case d.path.secretive():
		d.fault("not a valid value")
	default:
		d.fault("%w", err)
	}
}

// plain decodes into a type that has no decoding of its own.
func (d *decoder) plain(v reflect.Value, c byte) {
	switch v.Kind() {
	case reflect.Struct:
		d.structure(v, c)
	case reflect.Slice:
		d.slice(v, c)
	case reflect.Array:
		d.array(v, c)
	case reflect.Map:
		d.mapping(v, c)
	case reflect.Interface:
		d.anything(v)
	default:
		d.scalar(v, c)
	}
}

func (d *decoder) structure(v reflect.Value, c byte) {
	if c != '{' {
		d.wrongType("an object")
		return
	}
	info := d.info(v.Type())
	d.members(func(name string) {
		index, ok := info.fields[name]
		if !ok {
			d.fault("%w", Unknown("member", clip(name), info.names))
			d.skip()
			return
		}
		d.value(field(v, index))
	})
}

func (d *decoder) slice(v reflect.Value, c byte) {
	switch {
	case c == 'n':
		d.skip()
		v.SetZero()
	case c == '"' && v.Type().Elem().Kind() == reflect.Uint8:
		d.base64(v)
	case c != '[':
		d.wrongType("a list")
	default:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		d.elements(func(i int) {
			v.Grow(1)
			v.SetLen(i + 1)
			v.Index(i).SetZero()
			d.value(v.Index(i))
		})
	}
}

func (d *decoder) base64(v reflect.Value) {
	raw, err := base64.StdEncoding.DecodeString(d.text())
	if err != nil {
		d.fault("want a string in base64")
		return
	}
	v.SetBytes(raw)
}

func (d *decoder) array(v reflect.Value, c byte) {
	if c != '[' {
		d.wrongType("a list")
		return
	}
	found := 0
	d.elements(func(i int) {
		if found++; i < v.Len() {
			d.value(v.Index(i))
		} else {
			d.skip()
		}
	})
	if found != v.Len() {
		d.fault("want a list of %d, found one of %d", v.Len(), found)
	}
}

func (d *decoder) mapping(v reflect.Value, c byte) {
	switch {
	case c == 'n':
		d.skip()
		v.SetZero()
		return
	case c != '{':
		d.wrongType("an object")
		return
	case v.IsNil():
		v.Set(reflect.MakeMap(v.Type()))
	}
	d.members(func(name string) {
		key := reflect.New(v.Type().Key()).Elem()
		if err := setKey(key, name); err != nil {
			d.fault("%w", err)
			d.skip()
			return
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		d.value(elem)
		v.SetMapIndex(key, elem)
	})
}

// setKey makes the name of a member a key of a map.
func setKey(key reflect.Value, name string) error {
	if u, ok := key.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(name))
	}
	switch {
	case key.Kind() == reflect.String:
		key.SetString(name)
		return nil
	case key.CanInt() || key.CanUint():
		return setWhole(key, name)
	default:
		return fmt.Errorf("a map by %s cannot be decoded", key.Type())
	}
}

// anything decodes as encoding/json does, numbers as json.Number.
func (d *decoder) anything(v reflect.Value) {
	if v.NumMethod() > 0 {
		d.fault("a value of type %s cannot be decoded", v.Type())
		d.skip()
		return
	}
	if got := d.free(); got == nil {
		v.SetZero()
	} else {
		v.Set(reflect.ValueOf(got))
	}
}

func (d *decoder) free() any {
	switch d.next() {
	case '{':
		object := map[string]any{}
		d.members(func(name string) { object[name] = d.free() })
		return object
	case '[':
		list := []any{}
		d.elements(func(int) { list = append(list, d.free()) })
		return list
	case '"':
		return d.text()
	case 'n':
		d.skip()
		return nil
	case 't', 'f':
		return string(d.raw()) == "true"
	default:
		return json.Number(d.raw())
	}
}

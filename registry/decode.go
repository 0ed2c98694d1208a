package registry

import (
	"fmt"
	"reflect"
)

// Decode decodes the JSON object in raw into the struct that v points to,
// strictly: unknown and repeated members, members of another case, values of
// another type and trailing data are faults. All of them are reported, each
// with its JSON pointer in Field, as Faults. Empty raw is an empty object.
//
// Types with an UnmarshalText or UnmarshalJSON of their own are asked. Where
// the struct, or a value within it, has Validate() error, it is called after
// decoding; the fields of Faults that it returns count from that value. Values
// that are absent are not asked: whoever needs them says so in its own
// Validate.
//
// null stands for an absent list, map or pointer and for nothing else. Numbers
// in a value of type any are json.Number, so that no digit is lost. JSON that
// cannot be read at all is one fault, whose Err is a *SyntaxError. Nesting is
// bounded, and so is the number of faults.
func Decode(raw []byte, v any) error {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("registry: Decode needs a pointer to decode into, not %T", v)
	}
	if len(raw) == 0 {
		raw = []byte("{}")
	}
	s := scanner{data: raw}
	if err := s.document(); err != nil {
		return Faults{{Err: err}}
	}
	d := decoder{data: raw, types: map[reflect.Type]*typeInfo{}}
	d.faults.list = s.faults.list
	d.value(target.Elem())
	return d.faults.err()
}

// A decoder fills Go values from JSON that the scanner has found well formed:
// it need not look for the end of the data.
type decoder struct {
	data   []byte
	pos    int
	path   path
	types  map[reflect.Type]*typeInfo
	faults collector
}

// fault notes what is wrong with the value at the present path.
func (d *decoder) fault(format string, args ...any) {
	d.faults.add(&Fault{Field: d.path.pointer(), Err: fmt.Errorf(format, args...)})
}

// wrongType notes that the value at the present position is of another type
// than wanted, and passes over it.
func (d *decoder) wrongType(want string) {
	d.fault("want %s, found %s", want, d.found(want))
	d.skip()
}

// skip passes over the value at the present position.
func (d *decoder) skip() { d.pos = skipValue(d.data, d.pos) }

// next returns the first byte of the next token without passing over it.
func (d *decoder) next() byte {
	d.pos = skipSpace(d.data, d.pos)
	return d.data[d.pos]
}

// more passes over the opening bracket or the comma in front of a further
// element, and reports false, past the closing bracket, where there is none.
func (d *decoder) more() bool {
	d.pos++
	if c := d.next(); c == ']' || c == '}' {
		d.pos++
		return false
	}
	return true
}

// again reports whether a comma follows, and passes over a closing bracket.
func (d *decoder) again() bool {
	if d.next() == ',' {
		d.pos++
		d.next()
		return true
	}
	d.pos++
	return false
}

// elements calls one for each element of the list at the present position.
func (d *decoder) elements(one func(i int)) {
	for i, ok := 0, d.more(); ok; i, ok = i+1, d.again() {
		d.path.pushIndex(i)
		one(i)
		d.path.pop()
	}
}

// members calls one for each member of the object at the present position.
func (d *decoder) members(one func(name string)) {
	for ok := d.more(); ok; ok = d.again() {
		name := d.text()
		d.next() // the colon
		d.pos++
		d.next()
		d.path.push(name)
		one(name)
		d.path.pop()
	}
}

// raw passes over the value at the present position and returns its bytes.
func (d *decoder) raw() []byte {
	start := d.pos
	d.skip()
	return d.data[start:d.pos]
}

// text passes over the string at the present position and returns it.
func (d *decoder) text() string { return unquote(d.raw()) }

package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// scalar decodes into a string, a truth value or a number.
func (d *decoder) scalar(v reflect.Value, c byte) {
	number := c == '-' || '0' <= c && c <= '9'
	switch {
	case v.Type() == reflect.TypeFor[json.Number]():
		d.either(number, "a number", func() { v.SetString(string(d.raw())) })
	case v.Kind() == reflect.String:
		d.either(c == '"', "a string", func() { v.SetString(d.text()) })
	case v.Kind() == reflect.Bool:
		d.either(c == 't' || c == 'f', "true or false", func() { v.SetBool(string(d.raw()) == "true") })
	case v.CanInt() || v.CanUint():
		d.either(number, "a whole number", func() { d.set(setWhole, v) })
	case v.CanFloat():
		d.either(number, "a number", func() { d.set(setFloat, v) })
	default:
		d.fault("a value of type %s cannot be decoded", v.Type())
		d.skip()
	}
}

func (d *decoder) either(right bool, want string, set func()) {
	if !right {
		d.wrongType(want)
		return
	}
	set()
}

func (d *decoder) set(set func(reflect.Value, string) error, v reflect.Value) {
	if err := set(v, string(d.raw())); err != nil {
		d.fault("%w", err)
	}
}

func setWhole(v reflect.Value, text string) error {
	bits := v.Type().Bits()
	if v.CanInt() {
		n, err := strconv.ParseInt(text, 10, bits)
		v.SetInt(n)
		low, high := int64(math.MinInt64)>>(64-bits), int64(math.MaxInt64)>>(64-bits)
		return rangeFault(err, text, strconv.FormatInt(low, 10), strconv.FormatInt(high, 10))
	}
	n, err := strconv.ParseUint(text, 10, bits)
	v.SetUint(n)
	if strings.HasPrefix(text, "-") && err != nil {
		err = strconv.ErrRange
	}
	return rangeFault(err, text, "0", strconv.FormatUint(math.MaxUint64>>(64-bits), 10))
}

func rangeFault(err error, text, low, high string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("want a whole number from %s to %s, found %s", low, high, clip(text))
	default:
		return fmt.Errorf("want a whole number, found %s", clip(text))
	}
}

func setFloat(v reflect.Value, text string) error {
	n, err := strconv.ParseFloat(text, v.Type().Bits())
	if err != nil {
		return fmt.Errorf("want a number of %d bits, found %s", v.Type().Bits(), clip(text))
	}
	v.SetFloat(n)
	return nil
}

// found describes the value at the present position. What may be a secret, or
// stands where an object is wanted, as for secrets, is not repeated.
func (d *decoder) found(want string) string {
	c := d.next()
	plain := string(d.data[d.pos:skipValueHead(d.data, d.pos)])
	quiet := want == "an object" || d.path.secretive()
	switch {
	case c == '{':
		return "an object"
	case c == '[':
		return "a list"
	case c == 'n':
		return "null"
	case c == '"' && quiet:
		return "a string"
	case c == '"':
		return "the string " + strconv.Quote(clip(unquote([]byte(plain))))
	case c == 't' || c == 'f':
		return plain
	case quiet:
		return "a number"
	case want == "a string":
		return "the number " + clip(plain) + "; write it in quotes"
	default:
		return "the number " + clip(plain)
	}
}

// skipValueHead is skipValue for all but lists and objects, of which it takes
// the bracket only.
func skipValueHead(data []byte, pos int) int {
	if data[pos] == '{' || data[pos] == '[' {
		return pos + 1
	}
	return skipValue(data, pos)
}

// clip shortens what a message repeats of a document.
func clip(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}

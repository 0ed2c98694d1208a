package registry

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Size is a number of bytes, written "10MiB", "64KiB", "512B", or as a plain
// number. Units are binary: KiB, MiB, GiB.
type Size int64

// Sizes to count in.
const (
	Byte Size = 1
	KiB       = 1024 * Byte
	MiB       = 1024 * KiB
	GiB       = 1024 * MiB
)

var errSize = errors.New("want a size of 0 or more such as 512B, 64KiB or 10MiB")

// Bytes returns s as a number.
func (s Size) Bytes() int64 { return int64(s) }

// Or returns s, or other where s is zero.
func (s Size) Or(other Size) Size {
	if s == 0 {
		return other
	}
	return s
}

// String returns s in the largest unit that divides it.
func (s Size) String() string {
	for _, u := range sizeUnits() {
		if s != 0 && s%u.size == 0 {
			return strconv.FormatInt(int64(s/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// MarshalText implements encoding.TextMarshaler.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Size) UnmarshalText(text []byte) error {
	digits, unit := string(text), Byte
	for _, u := range sizeUnits() {
		if number, ok := strings.CutSuffix(digits, u.name); ok {
			digits, unit = number, u.size
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || int64(n) > math.MaxInt64/int64(unit) {
		return fmt.Errorf("%w, not %q", errSize, text)
	}
	*s = Size(n) * unit
	return nil
}

// UnmarshalJSON reads what UnmarshalText reads, and a number.
func (s *Size) UnmarshalJSON(raw []byte) error {
	text := string(raw)
	if text == "null" {
		return nil
	}
	if quoted, ok := strings.CutPrefix(text, `"`); ok {
		text = strings.TrimSuffix(quoted, `"`)
	}
	return s.UnmarshalText([]byte(text))
}

type sizeUnit struct {
	name string
	size Size
}

// sizeUnits returns the units, largest first: B ends all the other names.
func sizeUnits() [4]sizeUnit {
	return [...]sizeUnit{{"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}, {"B", Byte}}
}

package registry

import (
	"bytes"
	"encoding/json"
)

// Decode decodes the JSON object in raw into the struct that v points to,
// strictly: unknown and repeated members, members of another case, values of
// another type and trailing data are faults. All of them are reported, each
// with its JSON pointer in Field, as Faults. Empty raw is an empty object.
//
// Types with an UnmarshalText or UnmarshalJSON of their own are asked. Where
// the struct, or a value within it, has Validate() error, it is called after
// decoding; the fields of Faults that it returns count from that value.
func Decode(raw []byte, v any) error {
	if len(raw) == 0 {
		raw = []byte("{}")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return AsFaults(err)
	}
	if c, ok := v.(interface{ Validate() error }); ok {
		return AsFaults(c.Validate()).Err()
	}
	return nil
}

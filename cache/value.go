package cache

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// appendValue writes a value of a claim, so that values that differ are
// written differently. What is none of JSON's types is written as Go prints it,
// with its type.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, 'n')
	case bool:
		return append(b, 'b', flag(v))
	case string:
		return appendText(append(b, 't'), v)
	case json.Number:
		return appendText(append(b, 'j'), string(v))
	case []any:
		b = binary.AppendUvarint(append(b, 'l'), uint64(len(v)))
		for _, e := range v {
			b = appendValue(b, e)
		}
		return b
	case map[string]any:
		b = binary.AppendUvarint(append(b, 'm'), uint64(len(v)))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			b = appendValue(appendText(b, name), v[name])
		}
		return b
	}
	return appendText(append(b, 'v'), fmt.Sprintf("%T %#v", v, v))
}

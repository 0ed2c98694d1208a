package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Canonical returns the JSON value in its one form: members sorted, no space,
// numbers as they were written. Equal settings are equal bytes. A repeated
// member and anything after the value are errors: they have no one form.
func Canonical(raw []byte) (json.RawMessage, error) {
	s := scanner{data: raw}
	if err := s.document(); err != nil {
		return nil, fmt.Errorf("canonical form: %w", err)
	}
	if err := s.faults.err(); err != nil {
		return nil, fmt.Errorf("canonical form: %w", err)
	}
	d := decoder{data: raw}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(d.free()); err != nil {
		return nil, fmt.Errorf("canonical form: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

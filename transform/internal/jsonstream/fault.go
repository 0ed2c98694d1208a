package jsonstream

import "fmt"

// A Fault says why a document is not taken. It repeats nothing of the document.
type Fault struct {
	Offset int64 // of the byte, counted from 0
	Reason string
}

// Error returns reason and place.
func (f *Fault) Error() string { return fmt.Sprintf("json: %s at byte %d", f.Reason, f.Offset) }

// fail notes the fault at in[i]. What came of this piece of input is not passed
// on.
func (m *machine) fail(i int, reason string) int {
	m.fault = &Fault{Offset: m.offset + int64(i), Reason: reason}
	return i
}

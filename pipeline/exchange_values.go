package pipeline

import "net/http"

// Values returns all values of a field as it will be sent, edits included. The
// slice is shared: nobody writes into it.
func (x *Exchange) Values(field string) []string {
	field = http.CanonicalHeaderKey(field)
	values := x.In.Header[field]
	values = values[:len(values):len(values)]
	for _, e := range x.edits {
		if e.field != field {
			continue
		}
		switch e.op {
		case opSet:
			values = []string{e.value}
		case opAdd:
			values = append(values, e.value)
		case opDel:
			values = nil
		}
	}
	return values
}

package pipeline

import "github.com/seed-f9645bd3/gateway/pipeline/internal/field"

// Values returns all values of a field as it will be sent, edits included. The
// slice is shared: nobody writes into it.
func (x *Exchange) Values(name string) []string {
	name = field.Canonical(name)
	values := x.In.Header[name]
	values = values[:len(values):len(values)]
	for _, e := range x.edits {
		if e.field != name {
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

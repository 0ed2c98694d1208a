package registry

import (
	"fmt"
	"reflect"
)

// MergeDocuments makes one Document of several: lists are concatenated in
// order, and what there can be only one of (schema, version, environment,
// inbound, paths) must agree wherever it is stated.
func MergeDocuments(docs ...*Document) (*Document, error) {
	out := &Document{}
	var faults collector
	for i, d := range docs {
		if i == 0 {
			out.Pos = d.Pos
		}
		if out.Schema == "" {
			out.schemaPos = d.schemaPos
		}
		if reflect.ValueOf(out.Inbound).IsZero() {
			out.inboundPos = d.inboundPos
		}
		if out.Paths.Allow == nil {
			out.pathsPos = d.pathsPos
		}
		agree(&faults, d.Pos, "/schema", &out.Schema, d.Schema)
		agree(&faults, d.Pos, "/version", &out.Version, d.Version)
		agree(&faults, d.Pos, "/environment", &out.Environment, d.Environment)
		agree(&faults, d.Pos, "/inbound", &out.Inbound, d.Inbound)
		agree(&faults, d.Pos, "/paths", &out.Paths, d.Paths)
		out.Edge = append(out.Edge, d.Edge...)
		out.Policies = append(out.Policies, d.Policies...)
		out.Upstreams = append(out.Upstreams, d.Upstreams...)
		out.Plans = append(out.Plans, d.Plans...)
		out.APIs = append(out.APIs, d.APIs...)
		out.Routes = append(out.Routes, d.Routes...)
		out.Directory.Subscriptions = append(out.Directory.Subscriptions, d.Directory.Subscriptions...)
	}
	return out, faults.err()
}

// agree takes over what a further document states, unless another has stated
// something else.
func agree[T any](faults *collector, pos Pos, field string, have *T, further T) {
	switch stated := reflect.ValueOf(*have); {
	case reflect.ValueOf(further).IsZero() || reflect.DeepEqual(*have, further):
	case stated.IsZero():
		*have = further
	default:
		faults.add(&Fault{Field: field, Pos: pos.field(field),
			Err: fmt.Errorf("another document states something else; state it once%s", stating(*have))})
	}
}

func stating(v any) string {
	if text, ok := v.(string); ok {
		return fmt.Sprintf(" (there it is %q)", clip(text))
	}
	return ""
}

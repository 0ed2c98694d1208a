package registry

import (
	"strconv"
	"strings"
)

// DecodeDocument decodes one document of a file, as Decode does, and notes in
// all its parts where they stand. Faults name the route, upstream or policy
// that they lie in.
func DecodeDocument(raw []byte, file string, document int) (*Document, error) {
	d := &Document{}
	err := Decode(raw, d)
	d.Place(file, document)
	for _, f := range AsFaults(err) {
		f.Pos = d.Pos.field(f.Field)
		d.name(f)
	}
	return d, err
}

// name notes in a fault what lies on the way to its field.
func (d *Document) name(f *Fault) {
	way := strings.Split(strings.TrimPrefix(f.Field, "/"), "/")
	if i, _ := element(way, "upstreams"); i >= 0 && i < len(d.Upstreams) {
		f.Upstream = d.Upstreams[i].Name
		return
	}
	policies, routes := d.Policies, d.Routes
	if way[0] == "edge" {
		policies, way[0] = d.Edge, "policies"
	}
	if i, rest := element(way, "apis"); i >= 0 && i < len(d.APIs) {
		policies, routes, way = d.APIs[i].Policies, d.APIs[i].Routes, rest
	}
	if i, rest := element(way, "routes"); i >= 0 && i < len(routes) {
		f.Route, policies, way = routes[i].Name, routes[i].Policies, rest
	}
	if i, _ := element(way, "policies"); i >= 0 && i < len(policies) && policies[i].Kind != "" {
		f.Policy = policies[i].String()
	}
}

// element returns the index where way leads into an element of the list, and
// the rest of the way; -1 and the same way otherwise.
func element(way []string, list string) (int, []string) {
	if len(way) < 2 || way[0] != list {
		return -1, way
	}
	i, err := strconv.Atoi(way[1])
	if err != nil {
		return -1, way
	}
	rest := way[2:]
	if len(rest) == 0 {
		rest = []string{""}
	}
	return i, rest
}

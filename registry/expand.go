package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Expand makes the Snapshot that d stands for, and the changes that bring an
// empty Directory to its subscriptions. Routes inherit from their API and from
// the document: a policy replaces the inherited one of its kind and name and
// keeps its position, others follow behind, and off: true removes one.
//
// All that is wrong is reported at once, as Faults with the places that Place
// has noted, what Validate finds included, but for upstreams and endpoints that
// are missing: another source may bring them, or the program itself.
func (d *Document) Expand() (*Snapshot, []Change, error) {
	x := expander{doc: d, apis: map[string]bool{}}
	snap := x.snapshot()
	changes := x.directory()
	x.validate(snap)
	if err := x.faults.err(); err != nil {
		return nil, nil, err
	}
	if snap.Version == "" {
		version, err := contentVersion(snap)
		if err != nil {
			return nil, nil, err
		}
		snap.Version = version
	}
	return snap, changes, nil
}

// validate adds what is wrong with the snapshot as such.
func (x *expander) validate(snap *Snapshot) {
	for _, f := range AsFaults(validatePart(snap)) {
		if strings.HasPrefix(f.Field, "/inbound/") && f.Pos == (Pos{}) {
			f.Pos = x.doc.inboundPos.field(f.Field)
		}
		x.faults.add(f)
	}
}

// contentVersion names a version after its content.
func contentVersion(s *Snapshot) (string, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("version of the content: %w", err)
	}
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:6]), nil
}

// An expander turns one Document into what the gateway works with.
type expander struct {
	doc    *Document
	apis   map[string]bool // by ID
	faults collector
}

// fault notes a fault of a field of the thing that stands at pos.
func (x *expander) fault(pos Pos, field, format string, args ...any) {
	x.faults.add(&Fault{Field: field, Pos: pos.field(field), Err: fmt.Errorf(format, args...)})
}

func (x *expander) snapshot() *Snapshot {
	d := x.doc
	if d.Schema != "" && d.Schema != Schema {
		x.fault(d.schemaPos, "/schema", "want %q, found %q", Schema, clip(d.Schema))
	}
	snap := &Snapshot{
		Version:     d.Version,
		Environment: d.Environment,
		Inbound:     d.Inbound,
		Edge:        x.inherit(Fault{}, nil, d.Edge),
		Upstreams:   slices.Clone(d.Upstreams),
	}
	general := x.inherit(Fault{}, nil, d.Policies)
	paths := x.paths(d.pathsPos, d.Paths)
	for i := range d.APIs {
		snap.Routes = append(snap.Routes, x.api(&d.APIs[i], paths, general)...)
	}
	none := API{Paths: paths}
	for i := range d.Routes {
		snap.Routes = append(snap.Routes, x.route(&none, &d.Routes[i], general))
	}
	return snap
}

// api returns the routes of one API.
func (x *expander) api(a *API, paths Paths, general []Policy) []Route {
	x.checkAPI(a)
	own := *a
	a, own.Paths = &own, x.paths(a.Pos, a.Paths).or(paths)
	inherited := x.inherit(Fault{}, general, a.Policies)
	routes := make([]Route, 0, len(a.Routes))
	for i := range a.Routes {
		routes = append(routes, x.route(a, &a.Routes[i], inherited))
	}
	return routes
}

// paths returns what the thing at pos has its routes inherit. Names that are
// unknown are told once, here, and not once more by each route.
func (x *expander) paths(pos Pos, p Paths) Paths {
	var known []string
	for i, name := range p.Allow {
		if err := spellingFault(name); err != nil {
			x.fault(pos, "/paths/allow/"+strconv.Itoa(i), "%w", err)
			continue
		}
		known = append(known, name)
	}
	if len(known) < len(p.Allow) {
		return Paths{Allow: known}
	}
	return p
}

func (x *expander) checkAPI(a *API) {
	switch {
	case !validName(a.Name):
		x.fault(a.Pos, "/name", "api: %w", nameFault(a.Name))
	case a.Version != "" && !validName(a.Version):
		x.fault(a.Pos, "/version", "api %q: %w", a.Name, nameFault(a.Version))
	case x.apis[a.ID()]:
		x.fault(a.Pos, "/name", "api %q is given twice", a.ID())
	}
	x.apis[a.ID()] = true
	if b := a.BasePath; b != "" && (b[0] != '/' || b[len(b)-1] == '/') {
		x.fault(a.Pos, "/base_path", "api %q: want a path such as /users, with a slash in front and none at its end, found %q", a.ID(), clip(b))
	}
}

func (x *expander) route(a *API, r *APIRoute, inherited []Policy) Route {
	out := Route{
		Name:     r.Name,
		API:      a.ID(),
		Protocol: first(r.Protocol, a.Protocol),
		Match:    r.Match,
		Rewrite:  r.Rewrite,
		Paths:    r.Paths.or(a.Paths),
		Upgrade:  r.Upgrade,
		Policies: x.inherit(Fault{Route: r.Name}, inherited, r.Policies),
		Upstream: first(r.Upstream, a.Upstream),
		Pos:      r.Pos,
	}
	if a.BasePath != "" && r.Match.Path != "" && r.Match.Path[0] != '/' {
		x.faults.add(&Fault{Route: r.Name, Field: "/match/path", Pos: r.Pos.field("/match/path"), Err: pathFault(r.Match.Path)})
	}
	out.Match.Path = a.BasePath + r.Match.Path
	if len(out.Match.Hosts) == 0 {
		out.Match.Hosts = a.Hosts
	}
	return out
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// field returns the place of a field of the thing that stands at p, unknown
// where p is.
func (p Pos) field(pointer string) Pos {
	if p.File == "" {
		return Pos{}
	}
	return p.at(pointer)
}

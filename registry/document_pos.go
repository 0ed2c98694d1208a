package registry

import "strconv"

// Place notes in all parts of d that they stand in this document of the file,
// so that faults and policies know where they come from. Whoever decodes a
// Document calls it, before documents are merged.
func (d *Document) Place(file string, document int) {
	d.Pos = Pos{File: file, Document: document}
	d.schemaPos, d.inboundPos, d.pathsPos = d.Pos, d.Pos, d.Pos
	placePolicies(d.Edge, d.Pos.at("/edge"))
	placePolicies(d.Policies, d.Pos.at("/policies"))
	for i := range d.Upstreams {
		d.Upstreams[i].place(d.Pos.at("/upstreams").index(i))
	}
	for i := range d.Plans {
		d.Plans[i].Pos = d.Pos.at("/plans").index(i)
	}
	for i := range d.APIs {
		d.APIs[i].place(d.Pos.at("/apis").index(i))
	}
	placeRoutes(d.Routes, d.Pos.at("/routes"))
	for i := range d.Directory.Subscriptions {
		d.Directory.Subscriptions[i].Pos = d.Pos.at("/directory/subscriptions").index(i)
	}
}

func (a *API) place(pos Pos) {
	a.Pos = pos
	placePolicies(a.Policies, pos.at("/policies"))
	placeRoutes(a.Routes, pos.at("/routes"))
}

func (u *Upstream) place(pos Pos) {
	u.Pos = pos
	if u.Balancer != nil {
		u.Balancer.Pos = pos.at("/balancer/" + Escape(u.Balancer.Kind))
	}
}

func placeRoutes(routes []APIRoute, pos Pos) {
	for i := range routes {
		routes[i].Pos = pos.index(i)
		placePolicies(routes[i].Policies, routes[i].Pos.at("/policies"))
	}
}

func placePolicies(policies []Policy, pos Pos) {
	for i := range policies {
		policies[i].Pos = pos.index(i).at("/" + Escape(policies[i].Kind))
	}
}

// at returns the place of what lies below p.
func (p Pos) at(pointer string) Pos {
	p.Pointer += pointer
	p.Line, p.Column = 0, 0
	return p
}

func (p Pos) index(i int) Pos { return p.at("/" + strconv.Itoa(i)) }

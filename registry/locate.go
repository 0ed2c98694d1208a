package registry

// Locating returns the faults of err with the places that the snapshot knows:
// those of the route, upstream or policy that a fault names, and line and
// column where the snapshot was read from documents. The faults given are left
// as they are; nil is nil.
func (s *Snapshot) Locating(err error) error {
	in := AsFaults(err)
	out := make(Faults, len(in))
	for i, f := range in {
		located := *f
		if located.Pos == (Pos{}) {
			located.Pos = s.posOf(f)
		}
		if s.Locate != nil && located.Pos.File != "" && located.Pos.Line == 0 {
			located.Pos = s.Locate(located.Pos)
		}
		out[i] = &located
	}
	return out.Err()
}

// posOf returns the place of the field that a fault is about, as far as the
// names in the fault tell.
func (s *Snapshot) posOf(f *Fault) Pos {
	var pos Pos
	policies := s.Edge
	if f.Route != "" {
		policies = nil
		for i := range s.Routes {
			if s.Routes[i].Name == f.Route {
				pos, policies = s.Routes[i].Pos, s.Routes[i].Policies
			}
		}
	}
	if f.Upstream != "" {
		for i := range s.Upstreams {
			if s.Upstreams[i].Name == f.Upstream {
				pos = s.Upstreams[i].Pos
			}
		}
	}
	if f.Policy == "" {
		return pos.field(f.Field)
	}
	for i := range policies {
		if p := &policies[i]; p.String() == f.Policy {
			return p.Pos.field(f.Field)
		}
	}
	return pos
}

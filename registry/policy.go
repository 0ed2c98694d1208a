package registry

import "encoding/json"

// A Policy names a kind and carries its settings as canonical JSON. In Go it
// is written through its package: ratelimit.Policy(ratelimit.Config{...}).
//
// In documents it is an object of one member, kind to settings, or the bare
// kind where there are no settings. Two members of the settings belong to the
// policy itself: "as" is its Name, "off" removes an inherited one.
type Policy struct {
	Kind string
	// Name keeps several policies of one kind apart; empty for the only one.
	Name string
	// Off removes the policy of this kind and name that would be inherited.
	Off bool
	// Config is canonical JSON: sorted members, no space. Empty means {}.
	Config json.RawMessage

	// Pos is where the settings stand in their document.
	Pos Pos
}

// String returns the kind, with the name where there is one: "rate_limit",
// "rate_limit:burst".
func (p Policy) String() string {
	if p.Name == "" {
		return p.Kind
	}
	return p.Kind + ":" + p.Name
}

// NewPolicy makes a policy of settings given as a Go value. Policy functions
// of the packages that define kinds are written with it. It panics where
// config cannot be encoded as a JSON object, which is a fault of the program.
func NewPolicy(kind string, config any) Policy {
	raw, err := json.Marshal(config)
	if err == nil {
		raw, err = Canonical(raw)
	}
	if err != nil {
		panic("registry: settings of " + kind + ": " + err.Error())
	}
	return Policy{Kind: kind, Config: raw}
}

// As returns p under a name of its own.
func (p Policy) As(name string) Policy {
	p.Name = name
	return p
}

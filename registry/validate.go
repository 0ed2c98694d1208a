package registry

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Validate reports all that is wrong with a snapshot as data, as Faults that
// name the route or upstream: names that are missing or given twice,
// references that lead nowhere, values out of their range. What policies say
// is for their kinds to judge, and ambiguous matches for the router.
//
// served names upstreams that are served in process: routes may refer to them
// undeclared, and where they are declared they need no endpoint.
func Validate(s *Snapshot, served ...string) error {
	if s == nil {
		return Faults{{Err: errors.New("there is no snapshot")}}
	}
	v := validator{served: served, upstreams: map[string]bool{}, routes: map[string]bool{}}
	return v.snapshot(s)
}

// validatePart is Validate for a snapshot that may be merged with others, and
// does not know what is served in process: it takes routes whose upstreams,
// and upstreams whose endpoints, are elsewhere.
func validatePart(s *Snapshot) error {
	v := validator{part: true, upstreams: map[string]bool{}, routes: map[string]bool{}}
	return v.snapshot(s)
}

// A validator gathers the faults of one snapshot. The subject is what is
// being looked at: its names and place go into each fault.
type validator struct {
	served            []string
	part              bool
	upstreams, routes map[string]bool
	subject           Fault
	faults            collector
}

func (v *validator) snapshot(s *Snapshot) error {
	v.inbound(&s.Inbound)
	v.policies(s.Edge)
	for i := range s.Upstreams {
		v.upstream(&s.Upstreams[i])
	}
	for _, name := range v.served {
		v.upstreams[name] = true
	}
	for i := range s.Routes {
		v.route(&s.Routes[i])
	}
	if err := v.faults.err(); err != nil {
		return s.Locating(err)
	}
	return nil
}

func (v *validator) fault(field string, err error) {
	if err == nil {
		return
	}
	f := v.subject
	f.Field, f.Pos, f.Err = field, v.subject.Pos.field(field), err
	v.faults.add(&f)
}

// word checks one of a few words; empty is the default.
func (v *validator) word(field, what, value string, valid ...string) {
	if value != "" && !slices.Contains(valid, value) {
		v.fault(field, Unknown(what, clip(value), valid))
	}
}

func (v *validator) atLeastZero(field string, n int64) {
	if n < 0 {
		v.fault(field, fmt.Errorf("want 0 or more, found %d", n))
	}
}

func (v *validator) inbound(in *Inbound) {
	v.subject = Fault{}
	for i, network := range in.TrustedProxies {
		if _, err := netip.ParsePrefix(network); err != nil {
			v.fault("/inbound/trusted_proxies/"+strconv.Itoa(i), fmt.Errorf("want a network such as 10.0.0.0/8, found %q", clip(network)))
		}
	}
	for i, name := range in.IdentityFields {
		if !validToken(strings.TrimSuffix(name, "*")) {
			v.fault("/inbound/identity_fields/"+strconv.Itoa(i), fmt.Errorf("want the name of a field, or its beginning and *, found %q", clip(name)))
		}
	}
	v.word("/inbound/underscore_names", "word", in.UnderscoreNames, "refuse", "drop")
}

func (v *validator) policies(policies []Policy) {
	for i := range policies {
		p := &policies[i]
		f := v.subject
		f.Policy, f.Pos = p.String(), p.Pos
		switch {
		case p.Kind == "":
			f.Err = errors.New("want the kind of the policy")
		case p.Off:
			f.Err = errors.New("off: true removes an inherited policy, and nothing is inherited here")
		case slices.ContainsFunc(policies[:i], func(q Policy) bool { return q.key() == p.key() }):
			f.Err = errors.New("given twice")
		default:
			continue
		}
		v.faults.add(&f)
	}
}

// name checks that a name is there and used once.
func (v *validator) name(name string, taken map[string]bool, what string) {
	switch {
	case !validName(name):
		v.fault("/name", nameFault(name))
	case taken[name]:
		v.fault("/name", fmt.Errorf("%s %q is given twice", what, name))
	}
	taken[name] = true
}

// validName accepts what reads well in logs, metrics and paths of the admin
// API.
func validName(name string) bool {
	return name != "" && len(name) <= 200 && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == '"'
	})
}

func nameFault(name string) error {
	if name == "" {
		return errors.New("want a name")
	}
	return fmt.Errorf("want a name of at most 200 characters, without spaces and quotes, found %q", clip(name))
}

func oneOf(s string, valid ...string) bool { return slices.Contains(valid, s) }

package registry

import (
	"errors"
	"slices"
)

type policyKey struct{ kind, name string }

func (p *Policy) key() policyKey { return policyKey{p.Kind, p.Name} }

// inherit returns the inherited policies as altered by a thing's own. The
// fault says whose they are.
func (x *expander) inherit(of Fault, inherited, own []Policy) []Policy {
	if len(own) == 0 {
		return inherited
	}
	out := slices.Clone(inherited)
	named := map[policyKey]bool{}
	for i := range own {
		p := &own[i]
		if named[p.key()] {
			x.policyFault(of, p, "given twice; write as: NAME to keep several of a kind")
			continue
		}
		named[p.key()] = true
		out = x.merge(of, out, p)
	}
	return out
}

// merge puts one policy in its place among the inherited ones.
func (x *expander) merge(of Fault, out []Policy, p *Policy) []Policy {
	at := slices.IndexFunc(out, func(q Policy) bool { return q.key() == p.key() })
	switch {
	case p.Off && at < 0:
		x.policyFault(of, p, "off: true removes nothing: none is inherited here")
	case p.Off:
		return slices.Delete(out, at, at+1)
	case at >= 0:
		out[at] = *p
	default:
		return append(out, *p)
	}
	return out
}

func (x *expander) policyFault(of Fault, p *Policy, reason string) {
	of.Policy, of.Pos, of.Err = p.String(), p.Pos, errors.New(reason)
	x.faults.add(&of)
}

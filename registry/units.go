package registry

import "strconv"

// Units holds the limits of a plan on what answers are made of.
type Units struct {
	// Bytes are the limits of policies unit_limit that count bytes.
	Bytes []Limit `json:"bytes,omitempty"`
	// Events are the limits of policies unit_limit that count events.
	Events []Limit `json:"events,omitempty"`
	// Tokens are the limits of policies unit_limit that count tokens.
	Tokens []Limit `json:"tokens,omitempty"`
}

// Of returns the limits on a unit.
func (u *Units) Of(unit string) []Limit {
	switch unit {
	case "bytes":
		return u.Bytes
	case "events":
		return u.Events
	case "tokens":
		return u.Tokens
	}
	return nil
}

const maxUnitLimits = 8 // of one unit

// UsageFaults returns what is wrong with Units and InFlight, each fault with its
// field within the plan.
func (p *Plan) UsageFaults() Faults {
	var faults Faults
	for _, unit := range [...]string{"bytes", "events", "tokens"} {
		limits, at := p.Units.Of(unit), "/units/"+unit
		if len(limits) > maxUnitLimits {
			faults.Add(at, "want at most %d limits", maxUnitLimits)
		}
		for i, l := range limits {
			place := at + "/" + strconv.Itoa(i)
			if l.Rate.Count <= 0 || l.Rate.Per <= 0 {
				faults.Add(place+"/rate", "want a rate such as 100000/minute")
			}
			if l.Burst < 0 {
				faults.Add(place+"/burst", "want 0 or more, found %d", l.Burst)
			}
		}
	}
	if p.InFlight < 0 {
		faults.Add("/in_flight", "want 1 or more, or nothing for no bound")
	}
	return faults
}

package pipeline

import "net/http"

// poisoned stands in what is left of an exchange that was poisoned.
const poisoned = "poisoned: kept after the end of its exchange"

// Poison spoils an exchange that has ended, for test kits: whoever kept it, or
// the fields of its request, against the contract, panics or finds nonsense.
// What a fork shares stays whole: it may work on.
func (x *Exchange) Poison() {
	if x.In != nil && !x.forked {
		for field := range x.In.Header {
			x.In.Header[field] = []string{poisoned}
		}
		*x.In = http.Request{}
	}
	for field := range x.Reply {
		x.Reply[field] = []string{poisoned}
	}
	if x.identified {
		x.identityRoom = Identity{Subject: poisoned}
	}
	*x = Exchange{ID: poisoned, target: poisoned, identityRoom: x.identityRoom, identified: x.identified}
}

// Poisoned reports whether the exchange is as Poison left it: nobody has
// written to it since.
func (x *Exchange) Poisoned() bool {
	return x.ID == poisoned && x.target == poisoned && x.TraceID == "" && x.In == nil && x.Reply == nil &&
		x.Identity == nil && x.Subscription == nil && x.Grant == nil && x.Route == nil && x.Deadline.IsZero() &&
		x.entry == nil && x.usage == nil && x.link == nil && x.body.stream == nil && !x.body.kept && !x.body.taken &&
		len(x.edits)+len(x.decisions)+len(x.attempts)+len(x.enders) == 0
}

package authn

import (
	"slices"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A Carrier is an Authenticator that knows where its credentials stand. Where
// others have vouched for the request, First has it take them out of what the
// backend gets: nobody has judged them, and a backend behind a gateway takes a
// token that reaches it for a good one.
type Carrier interface {
	// Places names where its credentials may stand. Two authenticators that look
	// in one place name it alike: "X-Api-Key" for a field, "Authorization bearer"
	// for a scheme in lower case, "Cookie session", "?key" for a parameter.
	Places() []string
	// Strip takes what stands in one of these places out of what will be sent.
	Strip(x *pipeline.Exchange, place string)
}

// A leftover is a place that one authenticator looks in, and the one that has
// vouched does not.
type leftover struct {
	of    Carrier
	place string
}

// leftovers returns those of all the others, where the one at own has vouched.
// Of one that does not tell its places nobody knows what is left over.
func leftovers(as []Authenticator, own int) []leftover {
	winner, ok := as[own].(Carrier)
	if !ok {
		return nil
	}
	var left []leftover
	seen := winner.Places()
	for _, a := range as {
		c, ok := a.(Carrier)
		if !ok {
			continue
		}
		for _, place := range c.Places() {
			if !slices.Contains(seen, place) {
				seen = append(slices.Clip(seen), place)
				left = append(left, leftover{c, place})
			}
		}
	}
	return left
}

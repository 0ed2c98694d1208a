package authn

import (
	"net/http"
	"slices"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A Challenger is an Authenticator that says what it asks a caller for. It is
// asked once, when the stage is made.
type Challenger interface {
	// Challenges returns values of WWW-Authenticate (RFC 9110 section 11.6.1).
	Challenges() []string
}

// challengesOf returns what as ask for, each once, in their order.
func challengesOf(as ...Authenticator) []string {
	var all []string
	for _, a := range as {
		c, ok := a.(Challenger)
		if !ok {
			continue
		}
		for _, value := range c.Challenges() {
			if !slices.Contains(all, value) {
				all = append(all, value)
			}
		}
	}
	return all
}

// challenged returns p with the challenges, which a 401 has to carry (RFC 9110
// section 15.5.2), unless it carries some of its own. p itself may be shared
// and is left alone.
func challenged(p *pipeline.Problem, challenges []string) *pipeline.Problem {
	if p.Status != http.StatusUnauthorized || len(challenges) == 0 || p.Header[fieldChallenge] != nil {
		return p
	}
	own := *p
	own.Header = p.Header.Clone()
	if own.Header == nil {
		own.Header = http.Header{}
	}
	own.Header[fieldChallenge] = challenges[:len(challenges):len(challenges)]
	return &own
}

package authn

import (
	"context"
	"errors"
	"slices"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// First asks each authenticator in turn and takes the first whose credentials
// the request bears. Credentials that do not hold, and an authenticator that
// fails, end it: a bad token is not made good by asking on. Only credentials
// that an authenticator leaves to others (ErrForeign) are asked on about, so
// that tokens of two issuers can be taken. Credentials that nobody was asked
// about do not reach the backend: see Carrier. First of none finds no
// credentials.
func First(as ...Authenticator) Authenticator {
	f := first{of: slices.Clone(as)}
	for i := range as {
		f.left = append(f.left, leftovers(as, i))
	}
	return f
}

type first struct {
	of   []Authenticator
	left [][]leftover // where the one at this place has vouched
}

func (f first) Authenticate(ctx context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	nobody := ErrNoCredentials
	for i, a := range f.of {
		id, err := a.Authenticate(ctx, x)
		switch {
		case err == nil:
			for _, l := range f.left[i] {
				l.of.Strip(x, l.place)
			}
			return id, nil
		case errors.Is(err, ErrForeign):
			nobody = err
		case !errors.Is(err, ErrNoCredentials):
			return nil, err
		}
	}
	return nil, nobody
}

func (f first) Challenges() []string { return challengesOf(f.of...) }

package authn

import (
	"context"
	"errors"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// First asks each authenticator in turn and takes the first whose credentials
// the request bears. Credentials that do not hold, and an authenticator that
// fails, end it: a bad token is not made good by asking on. Only credentials
// that an authenticator leaves to others (ErrForeign) are asked on about, so
// that tokens of two issuers can be taken. First of none finds no credentials.
func First(as ...Authenticator) Authenticator { return first(as) }

type first []Authenticator

func (f first) Authenticate(ctx context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	nobody := ErrNoCredentials
	for _, a := range f {
		id, err := a.Authenticate(ctx, x)
		switch {
		case err == nil:
			return id, nil
		case errors.Is(err, ErrForeign):
			nobody = err
		case !errors.Is(err, ErrNoCredentials):
			return nil, err
		}
	}
	return nil, nobody
}

func (f first) Challenges() []string { return challengesOf(f...) }

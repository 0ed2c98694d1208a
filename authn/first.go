package authn

import (
	"context"
	"errors"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// First asks each authenticator in turn and takes the first whose credentials
// the request bears. Credentials that do not hold, and an authenticator that
// fails, end it: a bad token is not made good by asking on. First of none
// finds no credentials.
func First(as ...Authenticator) Authenticator { return first(as) }

type first []Authenticator

func (f first) Authenticate(ctx context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	for _, a := range f {
		id, err := a.Authenticate(ctx, x)
		if !errors.Is(err, ErrNoCredentials) {
			return id, err
		}
	}
	return nil, ErrNoCredentials
}

func (f first) Challenges() []string { return challengesOf(f...) }

package authn

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// All asks that every authenticator finds credentials that hold: a client
// certificate and a token. The identity is that of the first one, until the
// earliest end of all; where others name a consumer, it has to be the same.
// Where any finds no credentials, All finds none, unless others do not hold.
// All of none finds no credentials.
func All(as ...Authenticator) Authenticator { return all(as) }

type all []Authenticator

func (a all) Authenticate(ctx context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	var who *pipeline.Identity
	missing := len(a) == 0
	for _, one := range a {
		id, err := one.Authenticate(ctx, x)
		if errors.Is(err, ErrNoCredentials) {
			missing = true
			continue
		}
		if err != nil {
			return nil, err
		}
		if who, err = join(who, id, x.Environment); err != nil {
			return nil, err
		}
	}
	if missing {
		return nil, ErrNoCredentials
	}
	return who, nil
}

func (a all) Challenges() []string { return challengesOf(a...) }

// join adds to who what id proves. Neither is altered.
func join(who, id *pipeline.Identity, environment string) (*pipeline.Identity, error) {
	switch {
	case id == nil:
		return nil, errNobody
	case !fits(id, environment):
		return nil, wrongEnvironment()
	case who == nil:
		return id, nil
	case who.Consumer != "" && id.Consumer != "" && who.Consumer != id.Consumer:
		return nil, pipeline.Refuse(http.StatusUnauthorized, CodeCredentialsMismatch, detailMismatch)
	}
	return forwarding(until(who, id.Expires), id.Forwarded), nil
}

// forwarding returns who, of whom the backend gets a credential where forwarded
// says so.
func forwarding(who *pipeline.Identity, forwarded bool) *pipeline.Identity {
	if !forwarded || who.Forwarded {
		return who
	}
	own := *who
	own.Forwarded = true
	return &own
}

// until returns who, for no longer than to end.
func until(who *pipeline.Identity, end time.Time) *pipeline.Identity {
	if end.IsZero() || (!who.Expires.IsZero() && !end.Before(who.Expires)) {
		return who
	}
	shorter := *who
	shorter.Expires = end
	return &shorter
}

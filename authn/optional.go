package authn

import (
	"context"
	"errors"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Optional lets a request without credentials pass as nobody: Stage leaves
// the Identity of the exchange nil and records why. Credentials that do not
// hold are refused all the same.
func Optional(a Authenticator) Authenticator { return optional{a} }

type optional struct{ Authenticator }

// anonymous is what Optional returns for nobody. Stage knows it by its address
// and turns it into a nil Identity, so that nothing can take it for a caller.
var anonymous = &pipeline.Identity{Scheme: schemeAnonymous}

func (o optional) Authenticate(ctx context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	id, err := o.Authenticator.Authenticate(ctx, x)
	if errors.Is(err, ErrNoCredentials) {
		return anonymous, nil
	}
	return id, err
}

func (o optional) Challenges() []string { return challengesOf(o.Authenticator) }

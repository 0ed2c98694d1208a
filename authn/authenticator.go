package authn

import (
	"context"
	"errors"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// ErrNoCredentials says that the request bears no credentials of this kind.
var ErrNoCredentials = errors.New("authn: no credentials")

// ErrForeign is the cause of a *Problem about credentials that are of this kind
// but not for this authenticator to judge, such as a token of another issuer.
// First asks on, and returns that Problem where nobody else judges them; they
// are never taken for no credentials.
var ErrForeign = errors.New("authn: credentials for another authenticator")

// An Authenticator establishes who sent x.In. It returns ErrNoCredentials when
// the request bears none of its kind, so that First can ask the next, and a
// *Problem when it bears some that do not hold. Any other error means that it
// could not decide, and the request is refused.
//
// It is called once for each request, from many goroutines at once, and may
// block within x.Deadline and ctx. The Identity that it returns is shared and
// never altered; it is never nil without an error.
type Authenticator interface {
	Authenticate(ctx context.Context, x *pipeline.Exchange) (*pipeline.Identity, error)
}

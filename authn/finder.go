package authn

import (
	"context"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A Finder is an Authenticator in two steps, so that what stands around it can
// look at the credential before anything is spent on it: Throttled does. Where
// Find finds one, Authenticate is Find and then Judge; where it does not,
// Authenticate returns the error of Find.
//
// Both are called as Authenticate is, for each request and from many goroutines
// at once. Find looks at x.In alone, alters nothing and never blocks.
type Finder interface {
	Authenticator
	// Find returns the credential that the request bears, ErrNoCredentials where
	// it bears none of this kind, or a *Problem where what it bears cannot be one.
	Find(x *pipeline.Exchange) (Found, error)
	// Judge says whose credential it is that Find found, as Authenticate does.
	Judge(ctx context.Context, x *pipeline.Exchange, f Found) (*pipeline.Identity, error)
}

// Found is a credential of a request that nobody has judged yet. It holds the
// secret: it is not kept, nor printed.
type Found struct {
	Credential string // all of it, as far as it tells one caller from another
	Place      uint8  // where it stood, in the numbers of the Finder
}

// String hides the credential.
func (Found) String() string { return "***" }

// GoString hides the credential.
func (f Found) GoString() string { return f.String() }

// MarshalText hides the credential.
func (f Found) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

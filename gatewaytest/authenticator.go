package gatewaytest

import (
	"context"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// An Authenticator answers as told. Its zero value finds no credentials.
type Authenticator struct {
	Identity *pipeline.Identity
	Err      error

	calls atomic.Int64
}

// Authenticate implements authn.Authenticator.
func (a *Authenticator) Authenticate(context.Context, *pipeline.Exchange) (*pipeline.Identity, error) {
	a.calls.Add(1)
	switch {
	case a.Err != nil:
		return nil, a.Err
	case a.Identity == nil:
		return nil, authn.ErrNoCredentials
	}
	return a.Identity, nil
}

// Calls returns how often it was asked.
func (a *Authenticator) Calls() int { return int(a.calls.Load()) }

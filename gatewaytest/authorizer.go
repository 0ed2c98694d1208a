package gatewaytest

import (
	"context"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// An Authorizer answers as told. Its zero value denies.
type Authorizer struct {
	Answer authz.Answer
	Err    error

	calls atomic.Int64
}

// Authorize implements authz.Authorizer.
func (a *Authorizer) Authorize(context.Context, *pipeline.Exchange) (authz.Answer, error) {
	a.calls.Add(1)
	if a.Err != nil {
		return authz.Answer{}, a.Err
	}
	return a.Answer, nil
}

// Calls returns how often it was asked.
func (a *Authorizer) Calls() int { return int(a.calls.Load()) }

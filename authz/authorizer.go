package authz

import (
	"context"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// An Answer allows or denies, and says why. Its zero value denies.
type Answer struct {
	Allow bool
	Rule  string
	Code  string // "scope_missing", "subscription_expired"
	Hide  bool   // answer 404, not 403
	Grant *pipeline.Grant
	TTL   time.Duration // how long the same question has the same answer
}

// An Authorizer decides whether the identity of x may do this, here, now. An
// error means that it could not decide, and the request is refused.
//
// It is called once for each request, from many goroutines at once, and may
// block within x.Deadline and ctx.
type Authorizer interface {
	Authorize(ctx context.Context, x *pipeline.Exchange) (Answer, error)
}

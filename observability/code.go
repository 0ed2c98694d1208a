package observability

import (
	"errors"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Code returns the stable code of how an exchange ended, as the client's
// Problem bears it; empty where it went well. It allocates nothing.
func Code(s *pipeline.Summary) string {
	if s.Err == nil {
		return ""
	}
	if s.Status == statusClientGone {
		return pipeline.CodeClientGone
	}
	if p, ok := errors.AsType[*pipeline.Problem](s.Err); ok {
		return p.Code
	}
	if u, ok := errors.AsType[*pipeline.UpstreamError](s.Err); ok {
		return upstreamCode(u)
	}
	return pipeline.CodeInternal
}

// statusClientGone is recorded for a client that went away; it is never sent.
const statusClientGone = 499

func upstreamCode(u *pipeline.UpstreamError) string {
	switch u.Status() {
	case http.StatusGatewayTimeout:
		return pipeline.CodeUpstreamTimeout
	case http.StatusServiceUnavailable:
		return pipeline.CodeUpstreamNotReady
	}
	return pipeline.CodeUpstreamFailed
}

// Waited returns how long the exchange waited for response heads of its
// upstream: the sum over all attempts.
func Waited(x *pipeline.Exchange) (sum time.Duration) {
	for _, a := range x.Attempts() {
		sum += a.Took
	}
	return sum
}

package pipeline

import (
	"fmt"
	"net/http"
)

// A Problem is a refusal as the client will see it: rendered once, at the
// edge, in the form of the route's protocol (problem+json, GraphQL errors,
// gRPC status, SOAP fault). Cause is for the logs and never leaves the gateway.
type Problem struct {
	Status int
	Code   string      // stable, lower_snake
	Detail string      // written for the caller; may be empty
	Header http.Header // WWW-Authenticate, Retry-After
	Cause  error
	// Stage names the stage that records the refusal by itself, where it comes to
	// light elsewhere: in a body that is read by stages further in. Empty: the
	// innermost stage that returns it is said to have refused.
	Stage string
}

// Refuse makes a Problem.
func Refuse(status int, code, detail string) *Problem {
	return &Problem{Status: status, Code: code, Detail: detail}
}

// Because returns p with the cause, which is for the logs only.
func (p *Problem) Because(cause error) *Problem {
	p.Cause = cause
	return p
}

// With returns p with a response field set.
func (p *Problem) With(field, value string) *Problem {
	if p.Header == nil {
		p.Header = http.Header{}
	}
	p.Header.Set(field, value)
	return p
}

// Error returns status, code and cause, for logs.
func (p *Problem) Error() string {
	if p.Cause == nil {
		return fmt.Sprintf("%d %s", p.Status, p.Code)
	}
	return fmt.Sprintf("%d %s: %v", p.Status, p.Code, p.Cause)
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Cause }

// An UpstreamError says how a backend failed: 502, 503 or 504 at the edge.
// Retry, fallback and stale-if-error look at it; Sent tells whether any of the
// request may have reached the backend.
type UpstreamError struct {
	Kind string // one of the Upstream... constants
	Sent bool
	Err  error
}

// How a backend fails.
const (
	UpstreamConnect     = "connect"      // no connection: 502
	UpstreamReset       = "reset"        // the connection broke before the head: 502
	UpstreamMalformed   = "malformed"    // what came is no HTTP: 502
	UpstreamTimeout     = "timeout"      // no head in time: 504
	UpstreamNoneReady   = "none_ready"   // no endpoint to send to: 503
	UpstreamBreakerOpen = "breaker_open" // spared for now: 503
	UpstreamOverloaded  = "overloaded"   // no connection free in time: 503
	UpstreamAnswered    = "answered"     // it answered with an error, which a stage made a Problem of: 502
)

// Status returns 502, 503 or 504.
func (e *UpstreamError) Status() int {
	switch e.Kind {
	case UpstreamTimeout:
		return http.StatusGatewayTimeout
	case UpstreamNoneReady, UpstreamBreakerOpen, UpstreamOverloaded:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadGateway
}

// Error returns kind and cause, for logs.
func (e *UpstreamError) Error() string {
	if e.Err == nil {
		return e.Kind
	}
	return e.Kind + ": " + e.Err.Error()
}

// Unwrap returns the error of the transport.
func (e *UpstreamError) Unwrap() error { return e.Err }

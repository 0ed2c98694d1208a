package edge

import (
	"context"
	"errors"
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// problem returns what an error is to the client. What was not written for it
// becomes a bare 500, and its cause goes to the log.
func (c *call) problem(err error) *pipeline.Problem {
	var p *pipeline.Problem
	var up *pipeline.UpstreamError
	refused := errors.As(err, &p)
	if c.away() {
		c.body.hear()
	}
	switch {
	case refused && !(c.away() && errors.Is(p, context.Canceled)):
		return p
	case c.fault() != nil:
		return c.fault()
	case c.away():
		return gone(err)
	case errors.As(err, &up):
		return failed(up)
	case errors.Is(err, context.DeadlineExceeded):
		return failed(&pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout, Err: err})
	}
	c.edge.log.Error("exchange failed", "route", c.route(), "error", err.Error())
	return pipeline.Refuse(http.StatusInternalServerError, pipeline.CodeInternal, "").Because(err)
}

// away reports whether the client has gone.
func (c *call) away() bool { return errors.Is(c.client.Context().Err(), context.Canceled) }

// failed makes a Problem of a failed backend, which stays unnamed.
func failed(err *pipeline.UpstreamError) *pipeline.Problem {
	switch status := err.Status(); status {
	case http.StatusGatewayTimeout:
		return pipeline.Refuse(status, pipeline.CodeUpstreamTimeout, "The service did not answer in time.").Because(err)
	case http.StatusServiceUnavailable:
		return pipeline.Refuse(status, pipeline.CodeUpstreamNotReady, "The service is not ready.").Because(err)
	default:
		return pipeline.Refuse(status, pipeline.CodeUpstreamFailed, "The service failed to answer.").Because(err)
	}
}

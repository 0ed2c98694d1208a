package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// fault says whose fault it is that the attempt failed: the client's, who went
// away or whose body is broken, or the backend's.
func (a *attempt) fault(ctx, own context.Context, err error) error {
	if broken := a.body.failure(); broken != nil && ctx.Err() == nil {
		return broken
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var u *pipeline.UpstreamError
	var p *pipeline.Problem
	if errors.As(err, &u) || errors.As(err, &p) {
		return err
	}
	if cause := context.Cause(own); errors.Is(cause, errHeadTimeout) || errors.Is(cause, errNoPlace) {
		err = cause
	}
	if errors.As(err, &p) {
		return err
	}
	return &pipeline.UpstreamError{Kind: a.kind(err), Sent: a.sent(), Err: err}
}

// kind tells how far the attempt came before err.
func (a *attempt) kind(err error) string {
	asked, connected := a.asked.Load(), a.gotConn.Load()
	switch {
	case errors.Is(err, errSwitched), errors.Is(err, errInterims), errors.Is(err, errStatus):
		return pipeline.UpstreamMalformed
	case errors.Is(err, errNoPlace), errors.Is(err, errHeadTimeout) && asked && !connected && !a.dialing.Load():
		return pipeline.UpstreamOverloaded
	case errors.Is(err, errHeadTimeout):
		return pipeline.UpstreamTimeout
	case asked && !connected, isDial(err):
		return pipeline.UpstreamConnect
	case isTimeout(err):
		return pipeline.UpstreamTimeout
	case a.replied.Load() && !isBroken(err):
		return pipeline.UpstreamMalformed
	}
	return pipeline.UpstreamReset
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// isBroken reports whether the connection ended, as opposed to what came by it
// being wrong.
func isBroken(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, net.ErrClosed) || errors.As(err, &op)
}

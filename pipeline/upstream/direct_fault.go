package upstream

import (
	"context"
	"errors"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream/internal/h1"
)

// fault says whose fault it is that the attempt failed: the client's, who went
// away or whose body is broken, our own, whose stages made a request that
// cannot be written, or the backend's.
func (d *direct) fault(ctx context.Context, err error) error {
	if broken := d.broken(); broken != nil && ctx.Err() == nil {
		return broken
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	sent := false
	if d.conn != nil {
		if why := d.conn.Why(); why != nil {
			err = why
		}
		d.conn.Drop() // so that nothing is sent any more that was not counted
		sent = d.conn.Sent()
	}
	if errors.Is(err, h1.ErrField) {
		return err
	}
	if errors.Is(err, h1.ErrLate) {
		if err = errHeadTimeout; d.body.waiting() {
			return bodyLate()
		}
	}
	return &pipeline.UpstreamError{Kind: directKind(err), Sent: sent, Err: err}
}

// directKind tells how far the attempt came before err.
func directKind(err error) string {
	var dial *h1.DialError
	switch {
	case errors.As(err, &dial):
		return pipeline.UpstreamConnect
	case errors.Is(err, h1.ErrNoPlace):
		return pipeline.UpstreamOverloaded
	case isMalformed(err):
		return pipeline.UpstreamMalformed
	case errors.Is(err, errHeadTimeout), errors.Is(err, h1.ErrStalled), isTimeout(err):
		return pipeline.UpstreamTimeout
	}
	return pipeline.UpstreamReset
}

// isMalformed reports whether what came is wrong, as opposed to nothing having
// come.
func isMalformed(err error) bool {
	var m h1.MalformedError
	return errors.As(err, &m) || errors.Is(err, errSwitched) || errors.Is(err, errInterims)
}

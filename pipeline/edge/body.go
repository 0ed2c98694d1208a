package edge

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

var (
	errBodyEnded = errors.New("edge: the request body was read after its exchange had ended")
	errGone      = errors.New("edge: the client went away")
)

// A requestBody is the client's body as the stages read it: counted, bounded,
// and with the client's faults in it told as Problems. It may be read on
// another goroutine than the exchange's, which may come back from src after the
// exchange has ended: it looks at nothing of that.
type requestBody struct {
	call   *call
	src    io.ReadCloser
	limit  atomic.Int64
	read   atomic.Int64
	inside atomic.Int32 // readers that are inside Read
	done   atomic.Bool  // the whole body was read
	over   atomic.Bool  // the exchange has ended
	fault  atomic.Pointer[pipeline.Problem]

	length  int64       // as announced; -1 where unknown
	trailer http.Header // of In
}

// takeBody puts the body in place, where there is one.
func (c *call) takeBody(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		c.in.Body = http.NoBody
		c.body.done.Store(true)
		return
	}
	c.body.call, c.body.src, c.body.length = c, r.Body, r.ContentLength
	c.body.limit.Store(c.edge.maxBody)
	c.in.Body = &c.body
}

// Read reads what the bound allows.
func (b *requestBody) Read(p []byte) (int, error) {
	b.inside.Add(1)
	defer b.inside.Add(-1)
	if b.over.Load() {
		return 0, errBodyEnded
	}
	if f := b.fault.Load(); f != nil {
		return 0, f
	}
	limit, before := b.limit.Load(), b.read.Load()
	if b.length > limit {
		return 0, b.blame(pipeline.TooLarge(limit))
	}
	if rest := limit - before; int64(len(p)) > rest {
		p = p[:max(rest, 0)+1] // one more tells whether there is more
	}
	n, err := b.take(p)
	if over := before + int64(n) - limit; over > 0 {
		b.read.Add(int64(n) - over)
		return max(n-int(over), 0), b.blame(pipeline.TooLarge(limit))
	}
	total := b.read.Add(int64(n))
	switch {
	case err == io.EOF:
		b.end()
	case err != nil:
		err = b.judge(err)
	case total == b.length:
		b.done.Store(true)
	}
	return n, err
}

func (b *requestBody) take(p []byte) (int, error) {
	if b.read.Load() == 0 && b.call.client.Header["Expect"] != nil {
		b.call.ask(true)
		defer b.call.ask(false)
	}
	return b.src.Read(p)
}

// hear waits for whoever reads the body, once the client's context has ended:
// net/http ends it before a read that failed returns, and why it failed is the
// answer.
func (b *requestBody) hear() {
	const most = 20
	for range most {
		if b.inside.Load() == 0 || b.fault.Load() != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// end fills the announced trailers.
func (b *requestBody) end() {
	if b.done.Load() && b.trailer == nil {
		return
	}
	for name := range b.trailer {
		values := b.call.client.Trailer[name]
		for _, v := range values {
			if !valid(v) {
				values = nil
				break
			}
		}
		b.trailer[name] = values
	}
	b.done.Store(true)
}

// blame remembers the first fault of the client; it is the answer, whatever
// becomes of what reads the body.
func (b *requestBody) blame(p *pipeline.Problem) error {
	b.fault.CompareAndSwap(nil, p)
	return b.fault.Load()
}

// judge tells an error of the body as the Problem that it is.
func (b *requestBody) judge(err error) error {
	if b.over.Load() {
		return errBodyEnded
	}
	var p *pipeline.Problem
	var large *http.MaxBytesError
	var op *net.OpError
	switch {
	case errors.As(err, &p):
		return b.blame(p)
	case errors.Is(err, http.ErrBodyReadAfterClose):
		return err
	case errors.As(err, &large):
		return b.blame(pipeline.TooLarge(large.Limit))
	case timedOut(err):
		return b.blame(pipeline.Refuse(http.StatusRequestTimeout, pipeline.CodeBodyTimeout,
			"The request body did not come in time.").Because(err))
	case errors.Is(err, io.ErrUnexpectedEOF): // also ends the context: it may still listen
	case b.call.client.Context().Err() != nil, errors.As(err, &op), errors.Is(err, context.Canceled):
		return b.blame(gone(err))
	}
	return b.blame(pipeline.Refuse(http.StatusBadRequest, pipeline.CodeBodyMalformed,
		"The request body could not be read.").Because(err))
}

func timedOut(err error) bool {
	var t net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// gone is the end of an exchange whose client went away: recorded, never
// rendered.
func gone(cause error) *pipeline.Problem {
	return pipeline.Refuse(statusGone, pipeline.CodeClientGone, "").Because(errors.Join(errGone, cause))
}

const statusGone = 499

// Close leaves the rest of the body unread; what becomes of it is decided when
// the answer is written.
func (b *requestBody) Close() error { return nil }

// LimitBody bounds the body. It implements pipeline.Link.
func (c *call) LimitBody(bound int64) { c.body.limit.Store(max(bound, 0)) }

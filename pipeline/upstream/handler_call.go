package upstream

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A call is one exchange that a handler serves in process.
type call struct {
	cancel context.CancelCauseFunc
	body   *callBody // nil where the request has none
	writer *writer
	heads  chan head // room for one: the writer never waits here
	done   chan struct{}
	leave  func() bool // ends the watch over ctx

	mu       sync.Mutex
	exchange *pipeline.Exchange // nil once the head is in, or will not come
	over     error              // why nobody reads any more
	tunnel   io.Closer          // what to close then, where the handler has hijacked
}

// A head is how the handler answers, or why it does not.
type head struct {
	resp *http.Response
	raw  *tunnel // hijacked: what comes by it is to be read as a response
	err  error
}

func newCall(x *pipeline.Exchange, cancel context.CancelCauseFunc, req *http.Request) *call {
	c := &call{cancel: cancel, exchange: x, heads: make(chan head, 1), done: make(chan struct{})}
	if req.Body != nil && req.Body != http.NoBody {
		c.body = newCallBody(req.Body)
	}
	c.writer = newWriter(c, req, x)
	return c
}

// head waits for the response head.
func (c *call) head(ctx context.Context, timeout <-chan time.Time) (*http.Response, error) {
	select {
	case h := <-c.heads:
		if h.raw != nil {
			return c.readRaw(ctx, timeout, h.raw)
		}
		if broken := c.body.failure(); broken != nil && h.err == nil {
			return nil, broken // what is answered to half a request counts for nothing
		}
		return h.resp, h.err
	case <-timeout:
		if c.body.waiting() {
			return nil, bodyLate()
		}
		return nil, errHeadTimeout
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// interim hands a 1xx response on.
func (c *call) interim(status int, h http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.exchange != nil && status != http.StatusContinue {
		c.exchange.Interim(status, h.Clone())
	}
}

// settle lets go of the exchange: no interim response reaches it any more.
func (c *call) settle() {
	c.mu.Lock()
	c.exchange = nil
	c.mu.Unlock()
}

// give gives the call up: whatever the handler waits for returns.
func (c *call) give(reason error) {
	c.mu.Lock()
	if c.over == nil {
		c.over = reason
	}
	t := c.tunnel
	c.mu.Unlock()
	c.cancel(reason)
	c.body.release()
	c.writer.release(reason)
	if t != nil {
		_ = t.Close() // both ends are in this process
	}
}

// keep remembers what give closes; it reports false where that was already.
func (c *call) keep(t io.Closer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tunnel = t
	return c.over == nil
}

// End implements pipeline.Ender: it joins the handler.
func (c *call) End(*pipeline.Exchange) {
	c.leave()
	c.give(errEnded)
	<-c.done
}

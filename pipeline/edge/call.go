package edge

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

var (
	errTargetForm     = errors.New("request target is in no form that is served here")
	errTargetFragment = errors.New("request target holds a fragment")
	errNeither        = errors.New("edge: a handler returned neither a response nor an error")
	errBoth           = errors.New("edge: a handler returned a response and an error")
	errStatus         = errors.New("edge: a handler returned a response without a final status")
	errField          = errors.New("edge: a response field holds a control character")
)

// A call is one exchange as the edge sees it: the exchange itself, the request
// in its cleaned form, the body, and the link back to the client. One value,
// so that it is one allocation.
type call struct {
	edge   *Edge
	w      http.ResponseWriter
	client *http.Request // as it came, never altered
	x      pipeline.Exchange
	in     http.Request
	body   requestBody

	resp *http.Response // what is to be answered
	fail error          // how it went wrong; becomes Summary.Err

	status   int   // that was sent
	sent     int64 // bytes of the body
	own      bool  // resp is of the edge's own
	asterisk bool  // OPTIONS *
	abort    bool  // the connection
	flushing bool  // after each read

	interim interim
	summary pipeline.Summary
}

// An interim guards what is sent before the head.
type interim struct {
	mu     sync.Mutex
	sent   int32
	asking bool // net/http may write a 100 at any moment
	over   bool // the head is on its way
}

// conclude does all that is left after the chain: it settles what to answer,
// writes it, closes the body and finishes the exchange. It is deferred.
func (c *call) conclude() {
	if p := recover(); p != nil {
		c.panicked(p)
	}
	c.settle()
	c.guard(c.deliver)
	c.guard(c.close)
	c.finish()
	if c.abort {
		panic(http.ErrAbortHandler)
	}
}

// guard runs f; a panic in it ends this exchange and no other.
func (c *call) guard(f func()) {
	defer func() {
		if p := recover(); p != nil {
			c.panicked(p)
			c.abort = true
		}
	}()
	f()
}

// panicked makes the panic the failure of the exchange.
func (c *call) panicked(p any) {
	if p == http.ErrAbortHandler {
		c.fail, c.abort = http.ErrAbortHandler, true
		return
	}
	c.fail = fmt.Errorf("panic: %v", p)
	c.edge.log.Error("panic in an exchange", "route", c.route(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
}

func (c *call) route() string {
	if c.x.Route == nil {
		return ""
	}
	return c.x.Route.Name
}

// settle leaves in resp what is to be written: nil where nothing is.
func (c *call) settle() {
	switch {
	case c.fail == nil && c.resp == nil:
		c.fail = errNeither
	case c.fail != nil && c.resp != nil:
		c.fail = fmt.Errorf("%w: %v", errBoth, c.fail) // not a refusal that can be relied on
	case c.fail == nil:
		c.fail = unfit(c.resp)
	}
	if c.fail != nil {
		c.refuse(c.fail)
	}
}

// unfit returns why a response cannot be written.
func unfit(resp *http.Response) error {
	if resp.StatusCode != http.StatusSwitchingProtocols && (resp.StatusCode < 200 || resp.StatusCode > 999) {
		return errStatus
	}
	for _, values := range resp.Header {
		for _, v := range values {
			if !valid(v) {
				return &pipeline.UpstreamError{Kind: pipeline.UpstreamMalformed, Sent: true, Err: errField}
			}
		}
	}
	return nil
}

// refuse answers the failure instead of what there was to answer.
func (c *call) refuse(err error) {
	c.guard(c.close)
	c.fail = err
	if c.abort {
		c.status = http.StatusInternalServerError
		return
	}
	p := c.problem(err)
	if p.Code == pipeline.CodeClientGone {
		c.status, c.abort, c.fail = statusGone, true, p
		return
	}
	if err == error(p) || c.fault() != nil {
		c.fail = p
	}
	c.resp, c.own = render(&c.x, p), true
}

// close lets the response go.
func (c *call) close() {
	resp := c.resp
	c.resp = nil
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close() // what it might say comes too late
	}
}

// finish tells the ends and the recorders, once.
func (c *call) finish() {
	c.release()
	if c.status == 0 {
		c.status = http.StatusInternalServerError
	}
	c.summary = pipeline.Summary{
		Status: c.status, BytesIn: c.body.read.Load(), BytesOut: c.sent,
		Took: time.Since(c.x.Start), Err: c.fail,
	}
	if err := c.x.Finish(&c.summary); err != nil {
		c.edge.log.Error("end of an exchange", "route", c.route(), "error", err.Error())
	}
}

// fault returns what the client did wrong in its body.
func (c *call) fault() *pipeline.Problem { return c.body.fault.Load() }

var _ pipeline.Link = (*call)(nil)

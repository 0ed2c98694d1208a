package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Handler makes an upstream of h. It runs on a goroutine of its own, which is
// joined when the exchange ends: its context ends then, and what it waits for
// of the gateway (to read the request, to write the response) returns an error.
// A handler that waits for something else has to look at its context.
//
// It can flush, send 1xx responses and trailers, answer before it has read the
// request, and hijack. Its panic is a reset of this one exchange. The
// parameters of the route are its path values.
func Handler(h http.Handler) pipeline.Handler {
	p := &inProcess{handler: h, prepare: prepareAsIs, log: slog.New(slog.DiscardHandler)}
	return p.serve
}

func prepareAsIs(ctx context.Context, x *pipeline.Exchange, _ *Endpoint) (*http.Request, bool) {
	out := x.Out(ctx)
	return out, askUpgrade(x, out.Header)
}

// An inProcess serves exchanges by an http.Handler.
type inProcess struct {
	handler http.Handler
	prepare func(ctx context.Context, x *pipeline.Exchange, e *Endpoint) (out *http.Request, asked bool)
	log     *slog.Logger
}

// attempt serves and records the attempt.
func (p *inProcess) attempt(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
	begun := time.Now()
	resp, err := p.serve(ctx, x)
	tried := pipeline.Attempt{Endpoint: "in process", Err: err, Took: time.Since(begun)}
	if resp != nil {
		tried.Status = resp.StatusCode
	}
	x.Tried(tried)
	return resp, err
}

func (p *inProcess) serve(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
	timeout, stop := headTimer(x.Deadline)
	defer stop()
	own, cancel := context.WithCancelCause(ctx)
	req, asked := p.prepare(own, x, nil)
	c := newCall(x, cancel, req)
	go p.run(c, receivedAs(x, req, c.body))
	c.leave = context.AfterFunc(ctx, func() { c.give(ctx.Err()) })
	x.AtEnd(c)
	resp, err := c.head(ctx, timeout)
	if err == nil {
		err = judge(resp, asked, x.Upgrade)
	}
	c.settle()
	if err != nil {
		c.give(errEnded)
		return nil, c.fault(ctx, err)
	}
	return resp, nil
}

// headTimer returns what is ready when the head is late; never, where there is
// no deadline.
func headTimer(deadline time.Time) (<-chan time.Time, func() bool) {
	if deadline.IsZero() {
		return nil, func() bool { return true }
	}
	t := time.NewTimer(time.Until(deadline))
	return t.C, t.Stop
}

// run is the goroutine of the handler.
func (p *inProcess) run(c *call, req *http.Request) {
	defer close(c.done)
	w := c.writer
	defer func() {
		if v := recover(); v != nil {
			w.abort(p.panicked(v))
		}
	}()
	p.handler.ServeHTTP(w, req)
	w.finish()
}

func (p *inProcess) panicked(v any) error {
	if v == http.ErrAbortHandler { // as net/http compares
		return http.ErrAbortHandler
	}
	p.log.Error("handler of an upstream panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	return fmt.Errorf("panic: %v", v)
}

// receivedAs makes of a request to be sent one that was received.
func receivedAs(x *pipeline.Exchange, out *http.Request, body *callBody) *http.Request {
	req := out.Clone(out.Context())
	req.RequestURI = req.URL.RequestURI()
	req.URL.Scheme, req.URL.Host = "", ""
	req.RemoteAddr = x.Received().Remote
	req.Trailer = x.In.Trailer // filled in while the body is read
	if body != nil {
		req.Body = body
	}
	if length := req.Header["Content-Length"]; length != nil {
		length[0] = strconv.FormatInt(max(req.ContentLength, 0), 10) // the body may be another by now
	}
	if req.ContentLength < 0 {
		delete(req.Header, "Content-Length")
	}
	for _, name := range x.ParamNames() {
		req.SetPathValue(name, x.Param(name))
	}
	return req
}

// fault says whose fault it is that there is no response.
func (c *call) fault(ctx context.Context, err error) error {
	if broken := c.body.failure(); broken != nil && ctx.Err() == nil {
		return broken
	}
	var late *pipeline.Problem
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &late):
		return err
	case errors.Is(err, errHeadTimeout): // asked first: it may have cut a raw response short
		return &pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout, Sent: true, Err: err}
	case errors.Is(err, errSwitched), errors.Is(err, errRaw):
		return &pipeline.UpstreamError{Kind: pipeline.UpstreamMalformed, Sent: true, Err: err}
	}
	return &pipeline.UpstreamError{Kind: pipeline.UpstreamReset, Sent: true, Err: err}
}

package upstream

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream/internal/h1"
)

// A direct is one send to one endpoint by our own client, with the answer and
// its body: one value, so that it is one allocation.
type direct struct {
	h1.Answer
	upstream *Upstream
	endpoint *Endpoint
	exchange *pipeline.Exchange
	conn     *h1.Conn
	sender   *h1.Sender   // nil where no body streams
	body     *requestBody // of sender
	kept     []byte       // the body, where it is at hand
	length   int64        // of body
	asked    bool         // for the protocol of x.Upgrade
	watched  bool         // by the exchange, which tells of its end
	interims int
	answer   io.Closer // the body that was delivered
	released atomic.Bool
}

// sendDirect makes one attempt at e by our own client. It is send for where
// nothing stands between us and the connection.
func (u *Upstream) sendDirect(ctx context.Context, x *pipeline.Exchange, e *Endpoint, now time.Time) (*http.Response, error) {
	if err := ctx.Err(); err != nil { // or a connection at hand would take the request
		return nil, err
	}
	if !x.Deadline.IsZero() && !now.Before(x.Deadline) {
		return nil, &pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout, Err: errHeadTimeout}
	}
	d := &direct{upstream: u, endpoint: e, exchange: x}
	e.acquire()
	delivered := false
	defer func() {
		if !delivered { // in a panic too
			d.abandon()
		}
	}()
	d.takeBody()
	err := d.roundTrip(ctx)
	if err == nil {
		err = d.deliver()
	}
	if err != nil {
		err = d.fault(ctx, err)
		u.observe(e, nil, err)
		return nil, err
	}
	delivered = true
	u.observe(e, &d.Resp, nil)
	return &d.Resp, nil
}

// roundTrip sends the request and reads the head of the answer. Where a
// connection that had served before turns out to be closed, and the request may
// be repeated, it is sent once more.
func (d *direct) roundTrip(ctx context.Context) error {
	err := d.once(ctx, false)
	if err == nil || !d.mayRepeat(ctx) {
		return err
	}
	d.conn.Drop()
	_ = d.sender.Join() // of a body at hand: it waits for nobody, and closing it does nothing
	d.conn, d.sender = nil, nil
	return d.once(ctx, true)
}

// mayRepeat reports whether the request failed for a connection that was closed
// between two requests, and nothing is done twice by sending it again: nothing
// of it was sent, or its method promises that twice is as once (RFC 9110
// section 9.2.2, RFC 9112 section 9.3.1), and its body is at hand.
func (d *direct) mayRepeat(ctx context.Context) bool {
	if d.conn == nil || !d.conn.Stale() || d.sender != nil && d.body != nil || ctx.Err() != nil {
		return false
	}
	return !d.conn.Sent() || idempotent(d.exchange.In.Method)
}

func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

func (d *direct) once(ctx context.Context, fresh bool) error {
	x := d.exchange
	conn, err := d.endpoint.pool.Get(ctx, x.Deadline, fresh)
	if err != nil {
		return err
	}
	d.conn = conn
	conn.Begin(ctx, d.due(time.Now())) // to get a connection has bounds of its own
	if err := d.writeHead(conn.Head()); err != nil {
		conn.Unused()
		d.conn = nil
		return err
	}
	d.Sends(nil)
	if d.holds() {
		conn.Hold()
	} else if err = conn.Send(d.atOnce()); err != nil {
		return d.await(err)
	}
	d.stream()
	return d.await(nil)
}

// due returns by when the head has to be in.
func (d *direct) due(now time.Time) time.Time {
	if d.streams() { // the upstream's own bound begins when it was sent
		return d.exchange.Deadline
	}
	own := now.Add(d.upstream.responseHead)
	if by := d.exchange.Deadline; !by.IsZero() && by.Before(own) {
		return by
	}
	return own
}

// await reads heads until the one of the final answer. wrote is how the writing
// failed: a backend that does not want a request may have answered before it
// closed the connection.
func (d *direct) await(wrote error) error {
	for {
		if err := d.ReadHead(d.conn, d.exchange.In.Method); err != nil {
			if wrote != nil && !isMalformed(err) {
				return wrote
			}
			return err
		}
		if !d.Interim() {
			d.sender.Final()
			return nil
		}
		if d.interims++; d.interims > maxInterims {
			return errInterims
		}
		if d.Resp.StatusCode == http.StatusContinue {
			d.sender.Proceed()
			continue
		}
		d.exchange.Interim(d.Resp.StatusCode, d.Resp.Header)
	}
}

// deliver ties the attempt to the body of its answer.
func (d *direct) deliver() error {
	resp := &d.Resp
	resp.Request = d.exchange.In
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return d.switchOver()
	}
	if err := d.broken(); err != nil {
		return err
	}
	d.Pauses = d.exchange
	d.Deliver(d)
	if resp.Body == http.NoBody {
		d.end()
		return nil
	}
	d.answer = d
	d.watch()
	return nil
}

// switchOver makes the connection the body of the answer, if somebody asked for
// that.
func (d *direct) switchOver() error {
	if !d.asked || !switches(&d.Resp, d.exchange.Upgrade) {
		return errSwitched
	}
	t, ok := d.Tunnel()
	if !ok {
		return errSwitched
	}
	body := &directTunnel{tunnelBody: tunnelBody{ReadWriteCloser: t, end: d.end}, half: t}
	d.Resp.Body, d.answer = body, body
	d.watch()
	return nil
}

// Close ends the attempt with the body of its answer. It may be called while a
// Read waits, which then returns.
func (d *direct) Close() error {
	err := d.Answer.Close()
	d.end()
	return err
}

// abandon gives up an attempt that has no answer.
func (d *direct) abandon() {
	defer d.end() // in a panic of the body too
	if d.conn != nil {
		d.conn.Drop()
	}
	d.sender.Stop()
	if d.sender == nil && d.body != nil {
		_ = d.body.Close() // it was not read
	}
}

// end lets go of the endpoint, once.
func (d *direct) end() {
	if d.released.CompareAndSwap(false, true) {
		d.endpoint.release()
	}
}

var _ io.ReadCloser = (*direct)(nil)

// A directTunnel can be closed for writing alone.
type directTunnel struct {
	tunnelBody
	half interface{ CloseWrite() error }
}

// CloseWrite tells the backend that nothing more comes.
func (t *directTunnel) CloseWrite() error { return t.half.CloseWrite() }

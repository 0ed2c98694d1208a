package upstream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

var (
	errHeadTimeout = errors.New("no response head in time")
	errNoPlace     = errors.New("no connection free in time")
	errEnded       = errors.New("the exchange has ended")
	errInterims    = errors.New("too many interim responses")
	errStatus      = errors.New("the status is none")
	errSwitched    = errors.New("switched protocols without being asked")
)

// maxInterims bounds the 1xx responses of one attempt.
const maxInterims = 8

type attemptKey struct{}

// An attempt is one send to one endpoint. It lives until the response body is
// closed, or the exchange ends. What the transport's goroutines tell it comes
// through atomics, and through mu where it reaches the exchange.
type attempt struct {
	endpoint *Endpoint
	cancel   context.CancelCauseFunc
	body     *requestBody // nil where there is none
	answer   io.Closer    // the response body, as it was delivered
	released atomic.Bool

	asked   atomic.Bool  // for a connection
	asks    atomic.Int32 // how often: the transport tries another one at times
	dialing atomic.Bool
	gotConn atomic.Bool
	replied atomic.Bool // the first byte of a response came
	conn    atomic.Pointer[conn]
	start   atomic.Int64 // of what was written to conn, when it was got
	lost    chan int32   // told of asks when conn was closed; nil where there is no body

	mu       sync.Mutex
	exchange *pipeline.Exchange // nil once the head is in, or will not come
	interims int
}

// try makes one attempt at e and records it.
func (u *Upstream) try(ctx context.Context, x *pipeline.Exchange, e *Endpoint) (*http.Response, error) {
	begun := time.Now()
	var resp *http.Response
	var err error
	if e.pool != nil {
		resp, err = u.sendDirect(ctx, x, e, begun)
	} else {
		resp, err = u.send(ctx, x, e, begun)
	}
	tell(x, e, resp, err, time.Since(begun))
	return resp, err
}

// tell records an attempt. It is not inlined: the record would be on the stack
// while the backend is waited for, which each goroutine of HTTP/2, begun for
// one exchange, would have to grow for.
//
//go:noinline
func tell(x *pipeline.Exchange, e *Endpoint, resp *http.Response, err error, took time.Duration) {
	tried := pipeline.Attempt{Endpoint: e.address, Err: err, Took: took}
	if resp != nil {
		tried.Status = resp.StatusCode
	}
	x.Tried(tried)
}

func (u *Upstream) send(ctx context.Context, x *pipeline.Exchange, e *Endpoint, now time.Time) (*http.Response, error) {
	left := time.Duration(0)
	if !x.Deadline.IsZero() {
		if left = x.Deadline.Sub(now); left <= 0 {
			return nil, &pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout, Err: errHeadTimeout}
		}
	}
	own, cancel := context.WithCancelCause(ctx)
	a := &attempt{endpoint: e, cancel: cancel, exchange: x}
	e.acquire()
	delivered := false
	defer func() {
		if !delivered { // in a panic too: the transport may be somebody's own
			a.end()
		}
	}()
	resp, err := u.roundTrip(ctx, own, a, x, left)
	u.observe(e, resp, err)
	if err != nil {
		return nil, err
	}
	delivered = true
	a.deliver(x, resp)
	return resp, nil
}

// roundTrip sends the request and returns the response to it, or whose fault it
// is that there is none.
func (u *Upstream) roundTrip(ctx, own context.Context, a *attempt, x *pipeline.Exchange, left time.Duration) (*http.Response, error) {
	out, asked := u.prepare(a.trace(own), x, a.endpoint)
	finish(out)
	a.watch(out)
	resp, err := a.await(u, out, left)
	if err == nil {
		err = judge(resp, asked, x.Upgrade)
	}
	if err != nil {
		return nil, a.fault(ctx, own, err)
	}
	return resp, nil
}

// await sends the request and waits: for a free connection as long as one
// takes to be made, for the response head as long as left says where that is
// not zero.
func (a *attempt) await(u *Upstream, out *http.Request, left time.Duration) (*http.Response, error) {
	defer a.settle()
	defer time.AfterFunc(u.patience, a.queued).Stop()
	if left == 0 {
		return a.roundTrip(out)
	}
	timer := time.AfterFunc(left, a.late)
	resp, err := a.roundTrip(out)
	if !timer.Stop() && err == nil {
		_ = resp.Body.Close() // it is cut off already
		return nil, errHeadTimeout
	}
	return resp, err
}

// late gives up where the time is over.
func (a *attempt) late() {
	reason := errHeadTimeout
	if a.body.waiting() {
		reason = bodyLate()
	}
	a.cancel(reason)
}

// queued gives up where the attempt still waits for others to free a
// connection. Connecting has bounds of its own.
func (a *attempt) queued() {
	if a.asked.Load() && !a.gotConn.Load() && !a.dialing.Load() {
		a.cancel(errNoPlace)
	}
}

// judge reports a response that nobody asked for, or that is none.
func judge(resp *http.Response, asked bool, protocol string) error {
	if resp.StatusCode < 100 { // net/http lets it pass
		_ = resp.Body.Close()
		return errStatus
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil
	}
	if asked && switches(resp, protocol) {
		return nil
	}
	_ = resp.Body.Close() // the connection is of no use to anybody
	return errSwitched
}

// switches reports whether an answer 101 switches to the protocol, by both of
// the fields that say so (RFC 9110 section 7.8): without one of them, net/http
// takes it for an answer without a body.
func switches(resp *http.Response, protocol string) bool {
	return resp.ProtoAtLeast(1, 1) && strings.EqualFold(resp.Header.Get("Upgrade"), protocol) &&
		slices.ContainsFunc(resp.Header["Connection"], listsUpgrade)
}

func listsUpgrade(value string) bool {
	for option := range strings.SplitSeq(value, ",") {
		if strings.EqualFold(strings.Trim(option, " \t"), "Upgrade") {
			return true
		}
	}
	return false
}

// trace has the transport tell the attempt how far it came.
func (a *attempt) trace(ctx context.Context) context.Context {
	ctx = context.WithValue(ctx, attemptKey{}, a)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:              func(string) { a.asked.Store(true); a.asks.Add(1) },
		GotConn:              a.connected,
		GotFirstResponseByte: func() { a.replied.Store(true) },
		Got1xxResponse:       a.interim,
	})
}

func (a *attempt) connected(info httptrace.GotConnInfo) {
	if c := ours(info.Conn); c != nil {
		a.start.Store(c.written.Load())
		a.conn.Store(c)
		c.user.Store(a)
	}
	a.gotConn.Store(true)
}

// lose tells that c, if it is what the attempt has, was closed.
func (a *attempt) lose(c *conn) {
	if a.conn.Load() != c {
		return
	}
	select {
	case a.lost <- a.asks.Load():
	default:
	}
}

// interim hands a 1xx response on. 100 is between the transport and the
// backend: the client gets its own when its body is read.
func (a *attempt) interim(status int, h textproto.MIMEHeader) error {
	if a.body != nil {
		a.body.asking.inform()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if status == http.StatusContinue || a.exchange == nil {
		return nil
	}
	if a.interims++; a.interims > maxInterims {
		return errInterims
	}
	a.exchange.Interim(status, http.Header(h))
	return nil
}

// settle lets go of the exchange: no interim response reaches it any more.
func (a *attempt) settle() {
	a.mu.Lock()
	a.exchange = nil
	a.mu.Unlock()
}

// sent reports whether any of the request may have reached the backend. Where
// it is not known, it may.
func (a *attempt) sent() bool {
	if !a.asked.Load() {
		return true // a transport that does not tell
	}
	if !a.gotConn.Load() {
		return false
	}
	c := a.conn.Load()
	return c == nil || c.written.Load() != a.start.Load()
}

// end lets go of the endpoint and ends the context, once.
func (a *attempt) end() {
	if a.released.CompareAndSwap(false, true) {
		a.cancel(errEnded)
		a.endpoint.release()
	}
}

// End implements pipeline.Ender: for a response whose body nobody closed.
func (a *attempt) End(*pipeline.Exchange) {
	_ = a.answer.Close() // nobody is left who could be told
}

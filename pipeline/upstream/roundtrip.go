package upstream

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A trip is what became of a round trip.
type trip struct {
	resp  *http.Response
	err   error
	panic any
}

// roundTrip sends the request. net/http does not return from an HTTP/1 round
// trip that failed before the Read of the request body has, so that a client
// that stalls in its body would put off every timeout, and the news that the
// backend is gone. Where there is a body, neither is waited for.
func (a *attempt) roundTrip(out *http.Request) (*http.Response, error) {
	if a.body == nil {
		return a.endpoint.send.RoundTrip(out)
	}
	came := make(chan trip, 1)
	go func() { came <- guarded(a.endpoint.send, out) }()
	var late <-chan time.Time
	var asks int32
	for {
		select {
		case o := <-came:
			if o.panic != nil {
				panic(o.panic)
			}
			return o.resp, o.err
		case <-out.Context().Done():
			return nil, abandon(came, context.Cause(out.Context()))
		case asks = <-a.lost:
			late = time.After(afterLoss)
		case <-late:
			if a.asks.Load() == asks { // or it is tried on another one
				return nil, abandon(came, errLost)
			}
		}
	}
}

// afterLoss is how long the transport may take to tell what it made of a
// connection that was closed: a response that came before, or another try.
const afterLoss = 100 * time.Millisecond

var errLost = fmt.Errorf("the connection was closed: %w", io.ErrUnexpectedEOF)

// abandon leaves the round trip to itself.
func abandon(came <-chan trip, err error) error {
	go func() { (<-came).drop() }()
	return err
}

// guarded keeps a panic, which belongs to the exchange.
func guarded(send http.RoundTripper, out *http.Request) (o trip) {
	defer func() { o.panic = recover() }()
	o.resp, o.err = send.RoundTrip(out)
	return o
}

// drop lets go of a response that came too late.
func (o trip) drop() {
	if o.resp != nil && o.resp.Body != nil {
		_ = o.resp.Body.Close()
	}
}

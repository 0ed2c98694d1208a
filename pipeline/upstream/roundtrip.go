package upstream

import (
	"context"
	"net/http"
)

// A trip is what became of a round trip.
type trip struct {
	resp  *http.Response
	err   error
	panic any
}

// roundTrip sends the request. net/http does not return from an HTTP/1 round
// trip that failed before the Read of the request body has, so that a client
// that stalls in its body would put off every timeout. Where there is a body,
// the end of the context is not waited for any longer than it takes to see it.
func (a *attempt) roundTrip(out *http.Request) (*http.Response, error) {
	if a.body == nil {
		return a.endpoint.send.RoundTrip(out)
	}
	came := make(chan trip, 1)
	go func() { came <- guarded(a.endpoint.send, out) }()
	select {
	case o := <-came:
		if o.panic != nil {
			panic(o.panic)
		}
		return o.resp, o.err
	case <-out.Context().Done():
		go func() { (<-came).drop() }()
		return nil, context.Cause(out.Context())
	}
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

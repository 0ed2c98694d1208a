package upstream

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

var (
	errNoCrossing = errors.New("upstream: the request has lost its context on the way through a round-tripper")
	errMethod     = errors.New("upstream: a round-tripper may not alter the method")
	errNoResponse = errors.New("upstream: a round-tripper returned neither a response nor an error")
)

// RoundTripper makes a stage of a round-tripper middleware: signing, tracing,
// whatever exists for http.Transport. It stands in phase Protect, around each
// attempt. What it alters of fields, target and body is sent; the host is the
// upstream's to choose, the method stays. It sends the request on with the
// context that it got, or one made from it, and may do so more than once.
func RoundTripper(name string, wrap func(http.RoundTripper) http.RoundTripper) pipeline.Stage {
	return pipeline.Stage{Name: name, Phase: pipeline.Protect, Wrap: func(next pipeline.Handler) pipeline.Handler {
		rt := wrap(bridge{next})
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			c := &crossing{exchange: x}
			req := x.Out(context.WithValue(ctx, crossingKey{}, c))
			c.header, c.target = req.Header.Clone(), req.URL.RequestURI()
			return either(rt.RoundTrip(req))
		}
	}}
}

// either holds a foreign round-tripper to the contract of a Handler.
func either(resp *http.Response, err error) (*http.Response, error) {
	switch {
	case err != nil && resp != nil:
		if resp.Body != nil {
			_ = resp.Body.Close() // the error counts
		}
		return nil, err
	case err == nil && resp == nil:
		return nil, errNoResponse
	}
	return resp, err
}

type crossingKey struct{}

// A crossing is an exchange on its way through a round-tripper, with what was
// handed to it.
type crossing struct {
	exchange *pipeline.Exchange
	header   http.Header
	target   string
}

// A bridge is the end of the round-trippers: it goes on with the chain.
type bridge struct{ next pipeline.Handler }

// RoundTrip implements http.RoundTripper.
func (b bridge) RoundTrip(req *http.Request) (*http.Response, error) {
	c, ok := req.Context().Value(crossingKey{}).(*crossing)
	if !ok {
		return nil, errNoCrossing
	}
	if req.Method != c.exchange.In.Method {
		return nil, errMethod
	}
	mark := c.exchange.Mark()
	defer c.exchange.Restore(mark)
	c.apply(req)
	return b.next(req.Context(), c.exchange)
}

// apply edits the exchange where the request differs from what was handed out.
func (c *crossing) apply(req *http.Request) {
	x := c.exchange
	for field, values := range req.Header {
		if slices.Equal(values, c.header[field]) {
			continue
		}
		x.Del(field)
		for _, value := range values {
			x.Add(field, value)
		}
	}
	for field := range c.header {
		if _, there := req.Header[field]; !there {
			x.Del(field)
		}
	}
	if target := req.URL.RequestURI(); target != c.target {
		x.SetTarget(target)
	}
	if req.Body != nil {
		x.SetBody(req.Body, req.ContentLength)
	}
}

package upstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// maxProbeBody bounds what is read of the answer to a probe.
const maxProbeBody = 64 << 10

const probeAgent = "gateway-health"

// A prober is how the probes of one endpoint go out.
type prober struct {
	base *http.Transport
	send http.RoundTripper
	host string // sent as Host
}

// probe asks e once whether it is well. The transport may be somebody's own,
// and its panic is a failure like others.
func (a *active) probe(ctx context.Context, e *Endpoint) (err error) {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	if a.config.HTTP == nil {
		return e.connect(ctx)
	}
	return a.ask(ctx, e)
}

// connect makes a connection to e and closes it.
func (e *Endpoint) connect(ctx context.Context) error {
	c, err := e.prober.base.DialContext(ctx, "tcp", net.JoinHostPort(e.url.Hostname(), portOf(e.url)))
	if err != nil {
		return err
	}
	_ = c.Close() // that it could be made is all that counts
	return nil
}

// ask sends the request of a probe and judges the answer.
func (a *active) ask(ctx context.Context, e *Endpoint) error {
	req, err := a.request(ctx, e)
	if err != nil {
		return err
	}
	resp, err := e.prober.send.RoundTrip(req)
	if err != nil {
		return plain(ctx, err)
	}
	defer resp.Body.Close()
	if !a.expects(resp.StatusCode) {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxProbeBody))
	return plain(ctx, err)
}

// request makes the request of a probe. Its path was found valid before.
func (a *active) request(ctx context.Context, e *Endpoint) (*http.Request, error) {
	target, err := url.ParseRequestURI(cmp.Or(a.config.HTTP.Path, "/"))
	if err != nil {
		return nil, err
	}
	req := (&http.Request{
		Method: http.MethodGet, URL: target, Host: e.prober.host,
		Header: http.Header{"User-Agent": {probeAgent}},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	e.point(req)
	return req, nil
}

// plain says in few words that it took too long.
func plain(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	return err
}

// probeHost returns the Host of probes of an endpoint: that of the probe, or
// of the upstream where it names one.
func (u *Upstream) probeHost(address *url.URL) string {
	if c := u.active.config.HTTP; c != nil && c.Host != "" {
		return c.Host
	}
	switch u.config.Host {
	case "", hostEndpoint, hostPreserve:
		return address.Host
	}
	return u.config.Host
}

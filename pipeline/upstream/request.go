package upstream

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// prepare returns the request that will be sent; to the endpoint e, or in
// process where e is nil. asked says that it asks for the protocol of
// x.Upgrade.
func (u *Upstream) prepare(ctx context.Context, x *pipeline.Exchange, e *Endpoint) (out *http.Request, asked bool) {
	out = x.Out(ctx)
	out.URL.User, out.URL.Fragment, out.URL.RawFragment = nil, "", ""
	out.Host = u.host(x, e)
	if e != nil {
		e.point(out)
	}
	u.forward.apply(x, out.Header)
	return out, askUpgrade(x, out.Header)
}

func (u *Upstream) host(x *pipeline.Exchange, e *Endpoint) string {
	switch {
	case u.config.Host == hostPreserve, e == nil && (u.config.Host == "" || u.config.Host == hostEndpoint):
		return x.In.Host
	case u.config.Host == "", u.config.Host == hostEndpoint:
		return e.url.Host
	}
	return u.config.Host
}

// point points the request at the endpoint, its path in front.
func (e *Endpoint) point(out *http.Request) {
	u := out.URL
	u.Scheme, u.Host, u.Opaque = e.url.Scheme, e.url.Host, ""
	if e.url.Path == "" || u.Path == "*" {
		return
	}
	u.RawPath = e.url.EscapedPath() + u.EscapedPath()
	u.Path = e.url.Path + u.Path
}

// askUpgrade asks for the protocol that the client asked for, where the route
// allows it.
func askUpgrade(x *pipeline.Exchange, h http.Header) bool {
	if !asksUpgrade(x) {
		return false
	}
	h["Connection"] = []string{"Upgrade"}
	h["Upgrade"] = []string{x.Upgrade}
	return true
}

func asksUpgrade(x *pipeline.Exchange) bool {
	return x.Upgrade != "" && (x.Route == nil || slices.ContainsFunc(x.Route.Upgrade, func(p string) bool {
		return strings.EqualFold(p, x.Upgrade)
	}))
}

// finish settles what only a client of the network needs: no field of net/http's
// own, and framing that is known before the body is.
func finish(out *http.Request) {
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = nil // or net/http invents one
	}
	switch {
	case out.Body == nil || out.Body == http.NoBody:
		out.Body, out.ContentLength = http.NoBody, 0
	case out.ContentLength == 0:
		_ = out.Body.Close() // nothing was promised, so nothing is read
		out.Body = http.NoBody
	case out.ContentLength < 0:
		out.TransferEncoding = []string{"chunked"} // or net/http probes the body of a GET
	}
}

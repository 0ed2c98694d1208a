package cache

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// changes tells whether a method may change something (RFC 9110 section
// 9.2.1). One that is not known may.
func changes(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return true
}

// invalidate lets go of what is stored of the URIs that the request may have
// changed, for everybody: of its target, and of what Location and
// Content-Location name of the same origin (RFC 9111 section 4.4). An error
// has changed nothing.
func (p *policy) invalidate(ctx context.Context, x *pipeline.Exchange, resp *http.Response, uri []byte) {
	if resp.StatusCode < 200 || resp.StatusCode > 399 {
		return
	}
	uris := [][]byte{uri}
	for _, name := range [...]string{"Location", "Content-Location"} {
		if other, ok := p.sameOrigin(x, resp.Header.Get(name)); ok && !bytes.Equal(other, uri) {
			uris = append(uris, other)
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	for _, uri := range uris {
		p.epochs.of(uri).Add(1)
		if err := p.store.Purge(ctx, tagOf(uri)); err != nil {
			p.decide(x, pipeline.Warn, CodeUnavailable)
		}
	}
}

// sameOrigin returns the URI that a reference names, where it is of the
// origin that x asks.
func (p *policy) sameOrigin(x *pipeline.Exchange, reference string) (uri []byte, ok bool) {
	if reference == "" {
		return nil, false
	}
	base := &url.URL{Scheme: x.Scheme, Host: x.In.Host, Path: x.In.URL.Path, RawPath: x.In.URL.RawPath}
	u, err := base.Parse(reference)
	if err != nil || u.Scheme != base.Scheme || !strings.EqualFold(u.Host, base.Host) {
		return nil, false
	}
	return p.keys.appendURI(nil, x.Environment, u.Host, u.EscapedPath(), u.RawQuery), true
}

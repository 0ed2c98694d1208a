package cache

import (
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
func (p *policy) invalidate(ctx context.Context, x *pipeline.Exchange, resp *http.Response, tag uriTag) {
	if resp.StatusCode < 200 || resp.StatusCode > 399 {
		return
	}
	tags := []uriTag{tag}
	for _, name := range [...]string{"Location", "Content-Location"} {
		if other, ok := p.sameOrigin(x, resp.Header.Get(name)); ok && other != tag {
			tags = append(tags, other)
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	for _, tag := range tags {
		p.epochs.of(tag).Add(1)
		if err := p.store.Purge(ctx, tag.String()); err != nil {
			p.decide(x, pipeline.Warn, CodeUnavailable)
		}
	}
}

// sameOrigin returns the tag of what a reference names, where it is of the
// origin that x asks.
func (p *policy) sameOrigin(x *pipeline.Exchange, reference string) (tag uriTag, ok bool) {
	if reference == "" {
		return uriTag{}, false
	}
	base := &url.URL{Scheme: x.Scheme, Host: x.In.Host, Path: x.In.URL.Path, RawPath: x.In.URL.RawPath}
	u, err := base.Parse(reference)
	if err != nil || u.Scheme != base.Scheme || !strings.EqualFold(u.Host, base.Host) {
		return uriTag{}, false
	}
	return p.keys.uriTag(x.Environment, u.Host, u.EscapedPath(), u.RawQuery), true
}

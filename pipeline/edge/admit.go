package edge

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// admit makes the exchange of the request: In canonical and cleaned, or the
// Problem that refuses it. In is set in either case.
func (c *call) admit(r *http.Request) *pipeline.Problem {
	e := c.edge
	c.in = *r
	c.x.In = &c.in
	c.x.Environment = e.environment
	c.x.Begin(c, pipeline.Raw{Target: r.RequestURI, Host: r.Host, Remote: r.RemoteAddr, Header: r.Header}, e.entry)
	c.takeBody(r) // first of all: a refusal has to know what became of it
	from := peer(r.RemoteAddr)
	cl := cleaner{fields: &e.fields, trusted: e.proxies.trust(from), named: e.fields.named(r.Header, maxNamed)}
	// Of two accounts of the way here, the one that does not count here must
	// not count further in.
	cl.oneAccount = len(r.Header["X-Forwarded-For"]) > 0
	c.locate(r, from, cl.trusted)
	header, p := cl.clean(r.Header)
	if p != nil {
		return p
	}
	c.in.Header = header
	c.in.Trailer = cl.trailers(r.Trailer)
	if p := c.target(r); p != nil {
		return p
	}
	if e.via != "" && looped(r.Header["Via"], e.via) {
		return pipeline.Refuse(http.StatusLoopDetected, pipeline.CodeLoopDetected, "The request has passed this gateway before.")
	}
	c.x.Upgrade = upgrade(r)
	return nil
}

// locate sets where the request comes from.
func (c *call) locate(r *http.Request, from netip.Addr, trusted bool) {
	c.x.Client, c.x.Scheme = from, "http"
	if r.TLS != nil {
		c.x.Scheme = "https"
	}
	if !trusted {
		return
	}
	h := c.edge.proxies.client(from, r.Header)
	c.x.Client = h.addr
	if h.proto != "" {
		c.x.Scheme = h.proto
	}
}

// target makes method, host, path and query fit, or refuses them.
func (c *call) target(r *http.Request) *pipeline.Problem {
	if r.Method == http.MethodConnect || r.Method == http.MethodTrace || !token(r.Method) {
		return pipeline.Refuse(http.StatusMethodNotAllowed, pipeline.CodeMethodRefused, "The method is not served here.").
			With("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
	}
	if len(r.RequestURI) > maxTarget || len(r.URL.Path)+len(r.URL.RawQuery) > maxTarget {
		return pipeline.Refuse(http.StatusRequestURITooLong, CodeTargetTooLong, "The request target is longer than allowed.")
	}
	if p := c.unframed(r); p != nil {
		return p
	}
	if p := c.host(r); p != nil {
		return p
	}
	if r.Method == http.MethodOptions && r.URL.Path == "*" {
		c.asterisk = true
		return nil
	}
	if strings.Count(r.URL.RawQuery, "&") >= maxQuery {
		return pipeline.Refuse(http.StatusBadRequest, pipeline.CodeQueryMalformed, "The query has more parameters than allowed.")
	}
	return c.path(r)
}

func (c *call) host(r *http.Request) *pipeline.Problem {
	if r.Host == "" && !r.ProtoAtLeast(1, 1) {
		return nil
	}
	host, err := canonicalHost(r.Host, c.x.Scheme)
	if err != nil {
		return pipeline.Refuse(http.StatusBadRequest, pipeline.CodeHostRefused, "The host is not a valid one.").Because(err)
	}
	c.in.Host = host
	return nil
}

func (c *call) path(r *http.Request) *pipeline.Problem {
	u := r.URL
	escaped := pathOf(u)
	canonical, met, err := Spelled(escaped, c.edge.spellings)
	switch {
	case err == nil && (u.User != nil || u.Opaque != "" || u.Scheme != "" && u.Host == ""):
		err = errTargetForm
	case err == nil && (strings.IndexByte(r.RequestURI, '#') >= 0 || u.Fragment != ""):
		err = errTargetFragment
	case err == nil && !valid(u.RawQuery):
		err = errPathControl
	}
	if err != nil {
		return refusePath(err)
	}
	c.x.Spellings = met
	if canonical == escaped && (u.RawPath == "" || u.RawPath == canonical) && u.Scheme == "" && u.Host == "" {
		return nil
	}
	decoded, err := url.PathUnescape(canonical)
	if err != nil {
		return refusePath(err)
	}
	c.in.URL = &url.URL{Path: decoded, RawPath: canonical, RawQuery: u.RawQuery, ForceQuery: u.ForceQuery}
	return nil
}

// pathOf returns the path as it came. EscapedPath would encode anew what is not
// encoded as it should be, an encoded slash of it as a plain one.
func pathOf(u *url.URL) string {
	switch {
	case u.RawPath != "":
		if decoded, err := url.PathUnescape(u.RawPath); err == nil && decoded == u.Path {
			return u.RawPath
		}
	case u.Path == "" && u.Host != "": // absolute form (RFC 9112 section 3.2.2)
		return "/"
	}
	return u.EscapedPath()
}

// upgrade returns the protocol that the client asks to switch to: exactly one,
// by a GET of HTTP/1.1 without a body, and never h2c, which would carry
// requests past everything here.
func upgrade(r *http.Request) string {
	asked := r.Header["Upgrade"]
	if len(asked) != 1 || r.Method != http.MethodGet || r.ProtoMajor != 1 || r.ProtoMinor != 1 || r.ContentLength != 0 {
		return ""
	}
	protocol := strings.ToLower(strings.Trim(asked[0], " \t"))
	if !token(protocol) || protocol == "h2c" || protocol == "h2" || !listed(r.Header["Connection"], "upgrade") {
		return ""
	}
	return protocol
}

package compress

import (
	"net/http"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform/internal/field"
)

// CodeBusy is the code of the warning that a response went out as it was,
// since MaxInFlight others were being compressed.
const CodeBusy = "compress_busy"

// A Compressor compresses responses. It is a transform.Transformer.
type Compressor struct {
	name    string
	offered []string
	benches map[string]*bench
	headers map[string][]string // the values of Content-Encoding, shared
	min     int64
	types   []pattern
	cookies bool // compress them all
	vary    field.Vary
}

// New makes a Compressor with encoders of its own.
func New(name string, c Config) (*Compressor, error) {
	benches, err := newBenches()
	if err != nil {
		return nil, err
	}
	return newCompressor(name, c, benches)
}

func newCompressor(name string, c Config, all benches) (*Compressor, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	comp := &Compressor{
		name: name, offered: c.encodings(), benches: all, headers: map[string][]string{},
		min: c.MinLength.Or(DefaultMinLength).Bytes(), cookies: c.Cookies == "always",
		vary: field.NewVary("Accept-Encoding"),
	}
	for _, e := range comp.offered {
		comp.headers[e] = []string{e}
	}
	for _, t := range c.types() {
		p, err := parseType(t)
		if err != nil {
			return nil, err
		}
		comp.types = append(comp.types, p)
	}
	return comp, nil
}

// Request does nothing: what the backend is asked for stays what it was.
func (c *Compressor) Request(*pipeline.Exchange) error { return nil }

// Vary returns what the encoding is chosen by.
func (c *Compressor) Vary(x *pipeline.Exchange) string {
	return strings.Join(x.In.Header["Accept-Encoding"], ",")
}

// Response compresses the response where that is wanted, worth it and safe.
func (c *Compressor) Response(x *pipeline.Exchange, resp *http.Response) error {
	encoding := choose(x.In.Header["Accept-Encoding"], c.offered)
	if resp.StatusCode == http.StatusNotModified {
		c.vary.Mark(x, resp)
		if encoding != "" {
			forget(resp)
		}
		return nil
	}
	if resp.StatusCode < 200 || !c.takes(resp.Header.Get("Content-Type")) || fixed(x, resp) {
		return nil
	}
	c.vary.Mark(x, resp)
	if encoding != "" && c.worth(resp) && c.safe(x, resp) {
		c.encode(x, resp, encoding)
	}
	return nil
}

func (c *Compressor) takes(contentType string) bool {
	t := mediaType(contentType)
	for _, p := range c.types {
		if p.takes(t) {
			return true
		}
	}
	return false
}

// fixed reports whether nobody may alter the response: it is encoded already,
// a part of something, or said to stay as it is.
func fixed(x *pipeline.Exchange, resp *http.Response) bool {
	encoding := resp.Header.Get("Content-Encoding")
	return encoding != "" && !strings.EqualFold(encoding, "identity") ||
		resp.StatusCode == http.StatusPartialContent || len(resp.Header["Content-Range"]) > 0 ||
		noTransform(resp.Header) || noTransform(x.In.Header)
}

// noTransform looks for the directive of RFC 9111 sections 5.2.1.6 and 5.2.2.6.
func noTransform(h http.Header) bool {
	for _, v := range h["Cache-Control"] {
		for one := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(one), "no-transform") {
				return true
			}
		}
	}
	return false
}

func (c *Compressor) worth(resp *http.Response) bool {
	return resp.ContentLength < 0 || resp.ContentLength >= c.min
}

// safe reports whether the length of the compressed answer can tell a page of
// another site nothing: see Config.Cookies.
func (c *Compressor) safe(x *pipeline.Exchange, resp *http.Response) bool {
	switch {
	case c.cookies:
		return true
	case len(resp.Header["Set-Cookie"]) > 0:
		return false
	case len(x.In.Header["Cookie"]) == 0:
		return true
	}
	site := x.In.Header["Sec-Fetch-Site"]
	return len(site) == 1 && (site[0] == "same-origin" || site[0] == "none")
}

func (c *Compressor) encode(x *pipeline.Exchange, resp *http.Response, encoding string) {
	if x.In.Method == http.MethodHead {
		forget(resp)
		return
	}
	etag := resp.Header["Etag"]
	switch c.wrap(x, resp, c.benches[encoding]) {
	case tooMany:
		x.Decide(pipeline.Decision{Stage: c.name, Verdict: pipeline.Warn, Code: CodeBusy})
		return
	case bodiless:
		return
	}
	resp.Header["Content-Encoding"] = c.headers[encoding]
	if len(etag) > 0 {
		resp.Header["Etag"] = etag
		weaken(resp.Header)
	}
	x.Decide(pipeline.Decision{Stage: c.name, Rule: encoding, Verdict: pipeline.Alter})
}

// What became of a body.
const (
	wrapped = iota
	bodiless
	tooMany
)

func (c *Compressor) wrap(x *pipeline.Exchange, resp *http.Response, b *bench) int {
	w := b.take()
	if w == nil {
		return tooMany
	}
	r := &reader{bench: b, work: w}
	x.AtEnd(r) // gives the work back, whatever becomes of the body
	if !pipeline.Wrap(resp, r.over) {
		return bodiless
	}
	return wrapped
}

// forget has the answer to HEAD, or a 304, say nothing that would not be true
// of the compressed answer to GET, whose length is known only when it is made
// (RFC 9110 sections 8.6 and 9.3.2).
func forget(resp *http.Response) {
	resp.ContentLength = -1
	resp.Header.Del("Content-Length")
	weaken(resp.Header)
}

// weaken makes a strong ETag weak: the same content, in other bytes (RFC 9110
// section 8.8.1).
func weaken(h http.Header) {
	if etag := h.Get("Etag"); etag != "" && !strings.HasPrefix(etag, "W/") {
		h["Etag"] = []string{"W/" + etag}
	}
}

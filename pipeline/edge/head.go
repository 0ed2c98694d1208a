package edge

import (
	"math"
	"net/http"
	"slices"
	"strconv"
)

// bodied reports whether the answer has a body on the wire.
func (c *call) bodied(resp *http.Response) bool {
	return resp.Body != nil && resp.Body != http.NoBody && c.client.Method != http.MethodHead && mayHaveBody(resp.StatusCode)
}

func mayHaveBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// head fills in the fields of the answer: the response's, with the fields of
// x.Reply on top. It returns the trailers that it announced.
func (c *call) head(resp *http.Response) []string {
	h := c.w.Header()
	c.copyFields(h, resp.Header)
	c.length(h, resp)
	if h["Content-Type"] == nil {
		h["Content-Type"] = nil // keeps net/http from guessing one
	}
	for name, values := range c.x.Reply {
		reply(h, name, values)
	}
	if c.client.ProtoMajor == 1 && c.fault() != nil {
		h["Connection"] = []string{"close"}
	}
	return c.announce(h, resp.Trailer)
}

// copyFields copies what may leave: no hop-by-hop fields, none that Connection
// names, nothing of how a backend is built. The values of a response that is
// not the edge's own have been judged by unfit.
func (c *call) copyFields(to, from http.Header) {
	var named []string
	if from["Connection"] != nil {
		named = c.edge.fields.named(from, math.MaxInt)
	}
	for name, values := range from {
		canonical := canonicalField(name)
		if hopByHop(canonical) || internal(canonical) || slices.Contains(named, canonical) || !token(canonical) || c.own && !allValid(values) {
			continue
		}
		to[canonical] = values
	}
}

func allValid(values []string) bool {
	for _, v := range values {
		if !valid(v) {
			return false
		}
	}
	return true
}

// length sets Content-Length by what is known of the body. To HEAD and 304 it
// is the backend's word on what GET would get (RFC 9110 section 8.6).
func (c *call) length(h http.Header, resp *http.Response) {
	switch {
	case resp.StatusCode == http.StatusNoContent:
		delete(h, "Content-Length")
	case c.client.Method == http.MethodHead, resp.StatusCode == http.StatusNotModified:
		if resp.ContentLength > 0 {
			h["Content-Length"] = []string{strconv.FormatInt(resp.ContentLength, 10)}
		}
	case resp.ContentLength < 0:
		delete(h, "Content-Length")
	case resp.Body == nil, resp.Body == http.NoBody:
		setLength(h, 0)
	default:
		setLength(h, resp.ContentLength)
	}
}

// setLength keeps the field that already says so.
func setLength(h http.Header, n int64) {
	var room [20]byte
	digits := strconv.AppendInt(room[:0], n, 10)
	if v := h["Content-Length"]; len(v) != 1 || v[0] != string(digits) {
		h["Content-Length"] = []string{string(digits)}
	}
}

// reply sets a field of x.Reply. Fields that are lists of independent things
// are added to those of the response, all others replace them.
func reply(h http.Header, name string, values []string) {
	name = canonicalField(name)
	if hopByHop(name) || name == "Content-Length" || !token(name) || !allValid(values) {
		return
	}
	switch name {
	case "Vary", "Set-Cookie", "Link", "Server-Timing":
		h[name] = slices.Concat(h[name], values)
	default:
		h[name] = values
	}
}

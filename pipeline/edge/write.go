package edge

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

var errLength = errors.New("response body has another length than announced")

// deliver writes the response that settle left.
func (c *call) deliver() {
	if c.resp != nil && c.resp.StatusCode == http.StatusSwitchingProtocols {
		if err := c.tunnel(c.resp); err != nil {
			c.refuse(err)
		}
	}
	if c.resp != nil && c.resp.StatusCode != http.StatusSwitchingProtocols {
		c.write(c.resp)
	}
}

func (c *call) write(resp *http.Response) {
	c.seal()
	announced := c.head(resp)
	c.early()
	c.status = resp.StatusCode
	c.w.WriteHeader(resp.StatusCode)
	if !c.bodied(resp) {
		return
	}
	if err := c.pass(resp); err != nil {
		c.broken(err)
		return
	}
	c.trail(resp, announced)
}

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
// names, nothing of how a backend is built.
func (c *call) copyFields(to, from http.Header) {
	var named []string
	if from["Connection"] != nil {
		named = c.edge.fields.named(from)
	}
	for name, values := range from {
		canonical := canonicalField(name)
		if hopByHop(canonical) || internal(canonical) || slices.Contains(named, canonical) || !token(canonical) || !allValid(values) {
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
	digits := strconv.FormatInt(n, 10)
	if v := h["Content-Length"]; len(v) != 1 || v[0] != digits {
		h["Content-Length"] = []string{digits}
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

// pass copies the body. Where its length is unknown, the head goes at once and
// each read at once after it.
func (c *call) pass(resp *http.Response) error {
	events := eventStream(resp)
	if resp.ContentLength < 0 || events {
		c.flushing = true
		if err := c.flush(); err != nil {
			return err
		}
	}
	if !events || c.x.Closing() == nil {
		return c.copyBody(resp)
	}
	end := closeOn(c.x.Closing(), resp.Body)
	err := c.copyBody(resp)
	if end() && resp.ContentLength < 0 && !errors.Is(err, errGone) {
		return nil
	}
	return err
}

func eventStream(resp *http.Response) bool {
	t := resp.Header.Get("Content-Type")
	if !strings.HasPrefix(t, "text/event-stream") {
		return false
	}
	t, _, err := mime.ParseMediaType(t)
	return err == nil && t == "text/event-stream"
}

// closeOn closes body as soon as closing is closed. end stops it, waits for it
// and reports whether it closed.
func closeOn(closing <-chan struct{}, body io.Closer) (end func() bool) {
	stop, result := make(chan struct{}), make(chan bool, 1)
	go func() {
		select {
		case <-closing:
			_ = body.Close() // ends the read; its error comes from there
			result <- true
		case <-stop:
			result <- false
		}
	}()
	return func() bool {
		close(stop)
		return <-result
	}
}

// A copyBuffer is what a body is copied through.
type copyBuffer [32 << 10]byte

// copyBuffers recycles them; what it holds is never state.
var copyBuffers = sync.Pool{New: func() any { return new(copyBuffer) }}

func (c *call) copyBody(resp *http.Response) error {
	buf := copyBuffers.Get().(*copyBuffer)
	defer copyBuffers.Put(buf)
	for {
		n, err := resp.Body.Read(buf[:])
		if resp.ContentLength >= 0 && c.sent+int64(n) > resp.ContentLength {
			return errLength
		}
		if n > 0 {
			if err := c.put(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if resp.ContentLength >= 0 && c.sent != resp.ContentLength {
		return errLength
	}
	return nil
}

func (c *call) put(p []byte) error {
	n, err := c.w.Write(p)
	c.sent += int64(n)
	if err != nil {
		return gone(err)
	}
	if c.flushing {
		return c.flush()
	}
	return nil
}

// flush sends what was written. A writer that cannot flush does not hold back
// either.
func (c *call) flush() error {
	err := http.NewResponseController(c.w).Flush()
	if err == nil || errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return gone(err)
}

// Stalled flushes what was written, from now on after each read. It implements
// pipeline.Link, and is called by bodies while the edge reads them.
func (c *call) Stalled() {
	if c.flushing || c.status == 0 {
		return
	}
	c.flushing = true
	_ = c.flush() // the next write tells
}

// broken ends an answer whose body broke after the head.
func (c *call) broken(err error) {
	c.abort = true
	c.fail = err
	if c.away() && !errors.Is(err, errGone) || errors.Is(err, context.Canceled) && c.away() {
		c.fail = gone(err)
	}
}

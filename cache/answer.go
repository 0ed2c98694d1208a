package cache

import (
	"bytes"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// An answer is a response made of an entry: a head of its own, of which the
// values are shared, and a reader of the shared body. It is one allocation.
type answer struct {
	resp http.Response
	body entryBody
	age  [1]string
}

// entryBody reads the body of an entry. It embeds nothing: a promoted WriteTo
// would pass by Read.
type entryBody struct{ r bytes.Reader }

func (b *entryBody) Read(p []byte) (int, error) { return b.r.Read(p) }
func (*entryBody) Close() error                 { return nil }

// respond makes the response to x of the entry: 304 where the client has it
// already, and else what was stored, with its age (RFC 9111 section 4).
func respond(x *pipeline.Exchange, c *conditions, e *Entry, now time.Time) *http.Response {
	a := &answer{}
	status, h := e.Status, maps.Clone(e.Header)
	if h == nil {
		h = http.Header{}
	}
	if c.any() && c.met(e) {
		status = http.StatusNotModified
		forgetBody(h)
	}
	a.age[0] = strconv.FormatInt(int64(e.age(now)/time.Second), 10)
	h["Age"] = a.age[:]
	a.resp = http.Response{
		StatusCode: status, Status: statusText(status),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Request: x.In, Body: http.NoBody,
	}
	a.bear(x.In.Method, status, e)
	return &a.resp
}

// bear gives the response the body of the entry, or only its length.
func (a *answer) bear(method string, status int, e *Entry) {
	switch {
	case status == http.StatusNotModified, status == http.StatusNoContent:
		return
	case method == http.MethodHead:
		a.resp.ContentLength = lengthOf(e)
		return
	}
	a.resp.ContentLength = int64(len(e.Body))
	if len(e.Body) > 0 {
		a.body.r.Reset(e.Body)
		a.resp.Body = &a.body
	}
}

// lengthOf returns the length that a HEAD response tells: that of the body or,
// where the entry is itself an answer to HEAD, what the backend said.
func lengthOf(e *Entry) int64 {
	if len(e.Body) > 0 {
		return int64(len(e.Body))
	}
	n, err := strconv.ParseInt(e.Header.Get("Content-Length"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// forgetBody removes the fields that a 304 does without (RFC 9110 section
// 15.4.5).
func forgetBody(h http.Header) {
	for _, name := range [...]string{"Content-Length", "Content-Type", "Content-Encoding", "Content-Language"} {
		delete(h, name)
	}
	if h["Etag"] != nil {
		delete(h, "Last-Modified")
	}
}

func statusText(status int) string {
	if status == http.StatusOK {
		return "200 OK"
	}
	return strconv.Itoa(status) + " " + http.StatusText(status)
}

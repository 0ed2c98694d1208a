package pipeline

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// An answer is a response of a stage's own with what it stands on. It is one
// allocation.
type answer struct {
	resp        http.Response
	body        answerBody
	contentType [1]string
}

// answerBody embeds nothing: a promoted WriteTo would pass by Read.
type answerBody struct{ r bytes.Reader }

func (b *answerBody) Read(p []byte) (int, error) { return b.r.Read(p) }
func (*answerBody) Close() error                 { return nil }

// Respond makes a complete response of a stage's own.
func Respond(x *Exchange, status int, contentType string, body []byte) *http.Response {
	a := &answer{resp: http.Response{
		StatusCode: status, Status: statusLine(status),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Request: x.In, Body: http.NoBody, ContentLength: int64(len(body)),
	}}
	resp := &a.resp
	if contentType != "" {
		a.contentType[0] = contentType
		resp.Header["Content-Type"] = a.contentType[:]
	}
	if status == http.StatusNoContent || status == http.StatusNotModified || status < 200 {
		resp.ContentLength = 0
		return resp
	}
	if x.In != nil && x.In.Method == http.MethodHead {
		return resp
	}
	if len(body) > 0 {
		a.body.r.Reset(body)
		resp.Body = &a.body
	}
	return resp
}

func statusLine(status int) string {
	var room [64]byte
	b := append(strconv.AppendInt(room[:0], int64(status), 10), ' ')
	return string(append(b, http.StatusText(status)...))
}

// Wrap replaces the body of a response by what f makes of it. It forwards
// Close once, also when the body was never read, and during a Read; forgets
// lengths, ETag, digests and ranges; and reports false, having done nothing,
// where there is no body to wrap (HEAD, 1xx, 101, 204, 304).
//
// f's reader returns what it has, never waits to fill a buffer, and returns
// io.EOF at the end of what it makes. It reads on the goroutine of the
// exchange alone. Where the inner body breaks, so does the outer, whatever f
// made of the error: io.EOF means that the body is whole.
func Wrap(resp *http.Response, f func(io.Reader) io.Reader) bool {
	if !hasBody(resp) {
		return false
	}
	w := &wrapped{inner: inner{body: resp.Body}, steady: resp.ContentLength >= 0 || Steady(resp.Body)}
	w.reader = f(&w.inner)
	resp.Body = w
	resp.ContentLength = -1
	for _, field := range [...]string{
		"Content-Length", "Etag", "Digest", "Content-Digest", "Repr-Digest", "Content-Md5",
		"Accept-Ranges", "Content-Range",
	} {
		delete(resp.Header, field) // canonical, as those of any header are
	}
	return true
}

// Steady reports whether a body that is made of another, and whose length is
// therefore not known, tells its pauses by Stalled as one of known length does,
// so that it need not be flushed after each read. Whoever puts a body of its
// own around passes the word on by a method Steady.
func Steady(body io.Reader) bool {
	s, ok := body.(interface{ Steady() bool })
	return ok && s.Steady()
}

func hasBody(resp *http.Response) bool {
	switch {
	case resp.Body == nil, resp.Body == http.NoBody:
		return false
	case resp.StatusCode < 200, resp.StatusCode == http.StatusNoContent, resp.StatusCode == http.StatusNotModified:
		return false
	case resp.Request != nil && resp.Request.Method == http.MethodHead:
		return false
	}
	return true
}

// inner remembers how the body that is wrapped ended. It embeds nothing: a
// promoted WriteTo would pass by Read.
type inner struct {
	body io.ReadCloser
	err  error
}

func (b *inner) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if err != nil {
		b.err = err
	}
	return n, err
}

type wrapped struct {
	reader io.Reader
	inner  inner
	steady bool
	closed onceCloser
}

func (b *wrapped) Read(p []byte) (int, error) {
	n, err := b.reader.Read(p)
	if errors.Is(err, io.EOF) && b.inner.err != nil && !errors.Is(b.inner.err, io.EOF) {
		err = b.inner.err
	}
	return n, err
}

func (b *wrapped) Close() error { return b.closed.close(b.inner.body) }

// Steady implements what the function of this name asks for.
func (b *wrapped) Steady() bool { return b.steady }

package pipeline

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// Respond makes a complete response of a stage's own.
func Respond(x *Exchange, status int, contentType string, body []byte) *http.Response {
	h := http.Header{}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	resp := &http.Response{
		StatusCode: status, Status: strconv.Itoa(status) + " " + http.StatusText(status),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Request: x.In, Body: http.NoBody, ContentLength: int64(len(body)),
	}
	if status == http.StatusNoContent || status == http.StatusNotModified || status < 200 {
		resp.ContentLength = 0
		return resp
	}
	if x.In != nil && x.In.Method == http.MethodHead {
		return resp
	}
	if len(body) > 0 {
		resp.Body = io.NopCloser(bytes.NewReader(body))
	}
	return resp
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
	w := &wrapped{inner: inner{body: resp.Body}}
	w.reader = f(&w.inner)
	resp.Body = w
	resp.ContentLength = -1
	for _, field := range [...]string{
		"Content-Length", "Etag", "Digest", "Content-Digest", "Repr-Digest", "Content-Md5",
		"Accept-Ranges", "Content-Range",
	} {
		resp.Header.Del(field)
	}
	return true
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

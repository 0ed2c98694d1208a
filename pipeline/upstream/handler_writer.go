package upstream

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// writeBuffer is how much of an answer waits for a flush.
const writeBuffer = 4 << 10

// A writer is the http.ResponseWriter of a handler that serves in process. It
// belongs to the handler's goroutine, release and flushed excepted.
type writer struct {
	call     *call
	req      *http.Request
	exchange *pipeline.Exchange // for the body, which is read by the exchange's own goroutine
	header   http.Header

	status   int         // 0: not said yet
	frozen   http.Header // as it was when the status was said
	length   int64       // as declared, -1 where not
	wrote    int64
	sent     bool // the head was handed over
	ending   bool // the handler has returned: what is buffered is all
	hijacked bool

	buf       *bufio.Writer
	pipe      *io.PipeWriter
	read      *io.PipeReader
	announced []string    // trailers that the head names
	trailer   http.Header // valid once the pipe has ended
	flushed   atomic.Bool
}

func newWriter(c *call, req *http.Request, x *pipeline.Exchange) *writer {
	w := &writer{call: c, req: req, exchange: x, header: http.Header{}, length: -1}
	w.read, w.pipe = io.Pipe()
	w.buf = bufio.NewWriterSize(chunks{w}, writeBuffer)
	return w
}

// Header implements http.ResponseWriter.
func (w *writer) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter. 101 is handed over by Hijack.
func (w *writer) WriteHeader(status int) {
	switch {
	case w.status != 0 || w.hijacked:
		return
	case status < 100 || status > 999:
		panic("upstream: invalid status " + strconv.Itoa(status))
	case status < 200 && status != http.StatusSwitchingProtocols:
		w.call.interim(status, w.header)
		return
	}
	w.status = status
	w.frozen = w.header.Clone()
	w.length = declared(w.frozen)
}

// declared returns the length that the handler promises.
func declared(h http.Header) int64 {
	value := h.Get("Content-Length")
	if value == "" {
		return -1
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		h.Del("Content-Length")
		return -1
	}
	return n
}

// Write implements http.ResponseWriter.
func (w *writer) Write(p []byte) (int, error) {
	if w.hijacked {
		return 0, http.ErrHijacked
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.bodiless() {
		return 0, http.ErrBodyNotAllowed
	}
	w.wrote += int64(len(p))
	if w.length >= 0 && w.wrote > w.length {
		return 0, http.ErrContentLength
	}
	return w.buf.Write(p)
}

// WriteString implements io.StringWriter.
func (w *writer) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// sniff finds the content type where the handler names none, as net/http does.
func (w *writer) sniff(p []byte) {
	if w.sent {
		return
	}
	if _, named := w.frozen["Content-Type"]; !named && w.frozen.Get("Content-Encoding") == "" {
		w.frozen.Set("Content-Type", http.DetectContentType(p))
	}
}

func (w *writer) bodiless() bool {
	return w.status < 200 || w.status == http.StatusNoContent || w.status == http.StatusNotModified
}

// Flush implements http.Flusher.
func (w *writer) Flush() { _ = w.FlushError() }

// FlushError is what http.ResponseController asks.
func (w *writer) FlushError() error {
	if w.hijacked {
		return http.ErrHijacked
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	w.flushed.Store(true)
	err := w.buf.Flush()
	w.send(w.length, w.read)
	return err
}

// EnableFullDuplex is what http.ResponseController asks: it always is.
func (w *writer) EnableFullDuplex() error { return nil }

// A chunks is where the buffer goes.
type chunks struct{ w *writer }

func (c chunks) Write(p []byte) (int, error) {
	w := c.w
	w.sniff(p)
	switch {
	case w.req.Method == http.MethodHead:
		if w.ending && !w.sent {
			w.send(int64(len(p)), nil)
		}
		return len(p), nil
	case w.ending && !w.sent && !w.hasTrailer():
		w.send(int64(len(p)), bytes.NewReader(bytes.Clone(p)))
		return len(p), nil
	}
	w.send(w.length, w.read)
	return w.pipe.Write(p)
}

// send hands the head over, once; body is nil where there is none.
func (w *writer) send(length int64, body io.Reader) {
	if w.sent || w.status == http.StatusSwitchingProtocols {
		return
	}
	w.sent = true
	resp := w.response(length)
	if body != nil && !w.bodiless() && w.req.Method != http.MethodHead {
		resp.Body = &callResponse{writer: w, resp: resp, body: body, known: length >= 0}
	}
	w.call.heads <- head{resp: resp}
}

func (w *writer) response(length int64) *http.Response {
	if w.bodiless() && w.length < 0 {
		length = 0
	}
	return &http.Response{
		StatusCode: w.status, Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.frozen, Trailer: w.announce(), Request: w.req,
		Body: http.NoBody, ContentLength: length,
	}
}

// finish ends the answer after the handler has returned.
func (w *writer) finish() {
	switch {
	case w.hijacked:
		return
	case w.status == http.StatusSwitchingProtocols:
		w.abort(errSwitched)
		return
	case w.req.Context().Err() != nil: // it may have returned for that reason
		w.abort(context.Cause(w.req.Context()))
		return
	case w.status == 0:
		w.WriteHeader(http.StatusOK)
	}
	if w.wrote < w.length && !w.bodiless() && w.req.Method != http.MethodHead {
		w.abort(io.ErrUnexpectedEOF)
		return
	}
	w.ending = true
	err := w.buf.Flush()
	if !w.sent {
		w.send(max(w.length, 0), w.tail())
	}
	w.trailer = w.trailers()
	_ = w.pipe.CloseWithError(err) // never fails
}

// abort ends the answer as a broken connection would.
func (w *writer) abort(err error) {
	if w.hijacked {
		w.call.hangUp()
		return
	}
	if !w.sent {
		w.sent = true
		w.call.heads <- head{err: err}
	}
	reset := &pipeline.UpstreamError{Kind: pipeline.UpstreamReset, Sent: true, Err: err}
	_ = w.pipe.CloseWithError(reset) // never fails
}

// release lets go of a handler that waits for its reader, and of the reader.
func (w *writer) release(reason error) { _ = w.pipe.CloseWithError(reason) }

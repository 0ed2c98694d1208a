package upstream

import (
	"errors"
	"io"
	"maps"
	"net/http"
)

// A callResponse is the response body of a handler, as the exchange reads it.
type callResponse struct {
	writer *writer
	resp   *http.Response
	body   io.Reader
	known  bool // its length is: a flush has to be told
}

// Read implements io.Reader. At the end it completes the trailers.
func (b *callResponse) Read(p []byte) (int, error) {
	if b.known && b.writer.flushed.Load() {
		b.writer.exchange.Stalled()
	}
	n, err := b.body.Read(p)
	if errors.Is(err, io.EOF) {
		b.complete()
	}
	return n, err
}

func (b *callResponse) complete() {
	if _, whole := b.body.(*io.PipeReader); !whole || len(b.writer.trailer) == 0 {
		return
	}
	if b.resp.Trailer == nil {
		b.resp.Trailer = http.Header{}
	}
	maps.Copy(b.resp.Trailer, b.writer.trailer)
}

// Close implements io.Closer: the handler is let go.
func (b *callResponse) Close() error {
	b.writer.call.give(errEnded)
	return nil
}

package gatewaytest

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
)

// writer is the client's side of a whole gateway in process. It can be
// flushed; it cannot be hijacked.
type writer struct {
	header http.Header

	mu       sync.Mutex
	status   int
	sent     http.Header // as it was when the head was written
	body     bytes.Buffer
	interims []Interim
}

func newWriter() *writer { return &writer{header: http.Header{}} }

// Header implements http.ResponseWriter.
func (w *writer) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *writer) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.status != 0:
	case status >= 100 && status < 200:
		w.interims = append(w.interims, Interim{status, w.header.Clone()})
	default:
		w.status, w.sent = status, w.header.Clone()
	}
}

// Write implements http.ResponseWriter.
func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.body.Write(p)
}

// Flush implements http.Flusher.
func (w *writer) Flush() { w.WriteHeader(http.StatusOK) }

// result returns what the client has got.
func (w *writer) result() Result {
	w.WriteHeader(http.StatusOK)
	w.mu.Lock()
	defer w.mu.Unlock()
	for field, values := range w.sent {
		if len(values) == 0 { // keeps net/http from filling the field in
			delete(w.sent, field)
		}
	}
	return Result{
		Status: w.status, Header: w.sent, Body: w.body.String(), Interims: w.interims, Trailer: w.trailer(),
	}
}

// trailer returns the fields that were announced, or set under
// http.TrailerPrefix.
func (w *writer) trailer() http.Header {
	trailer := http.Header{}
	for _, list := range w.sent["Trailer"] {
		for name := range strings.SplitSeq(list, ",") {
			name = http.CanonicalHeaderKey(strings.TrimSpace(name))
			if values := w.header[name]; len(values) > 0 {
				trailer[name] = values
			}
		}
	}
	for field, values := range w.header {
		if name, ok := strings.CutPrefix(field, http.TrailerPrefix); ok {
			trailer[http.CanonicalHeaderKey(name)] = values
		}
	}
	if len(trailer) == 0 {
		return nil
	}
	return trailer
}

package upstream

import (
	"io"
	"net/http"
	"strings"
)

// hasTrailer reports whether fields follow the body. It is asked before the
// head is handed over.
func (w *writer) hasTrailer() bool {
	if len(w.frozen["Trailer"]) > 0 {
		return true
	}
	for field := range w.header {
		if strings.HasPrefix(field, http.TrailerPrefix) {
			return true
		}
	}
	return false
}

// tail is the body of an answer of which nothing was written: nil, unless
// trailers follow it.
func (w *writer) tail() io.Reader {
	if w.hasTrailer() {
		return w.read
	}
	return nil
}

// announce takes the trailers out of the head and returns their names as keys.
func (w *writer) announce() http.Header {
	for _, line := range w.frozen["Trailer"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); name != "" {
				w.announced = append(w.announced, name)
			}
		}
	}
	delete(w.frozen, "Trailer")
	for field := range w.frozen {
		if strings.HasPrefix(field, http.TrailerPrefix) {
			delete(w.frozen, field)
		}
	}
	if len(w.announced) == 0 {
		return nil
	}
	trailer := make(http.Header, len(w.announced))
	for _, name := range w.announced {
		trailer[name] = nil
		delete(w.frozen, name)
	}
	return trailer
}

// trailers returns the fields that the handler set behind the body.
func (w *writer) trailers() http.Header {
	t := http.Header{}
	for _, name := range w.announced {
		if values := w.header[name]; len(values) > 0 {
			t[name] = values
		}
	}
	for field, values := range w.header {
		if name, ok := strings.CutPrefix(field, http.TrailerPrefix); ok {
			t[http.CanonicalHeaderKey(name)] = values
		}
	}
	return t
}

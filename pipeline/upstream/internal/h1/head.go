package h1

import (
	"net/http"
	"net/netip"
	"slices"
	"strconv"
)

// A Head is the head of a request on its way into the write buffer of a
// connection. Whatever would end a line, or read as another field, is refused:
// End tells.
type Head struct {
	buf []byte
	bad bool
}

// Begin starts the request line.
func (h *Head) Begin(method string) {
	h.buf, h.bad = h.buf[:0], false
	h.name(method)
	h.buf = append(h.buf, ' ')
}

// Target ends the request line: path and, where there is one, query, with
// prefix in front.
func (h *Head) Target(prefix, path, query string, queried bool) {
	h.visible(prefix)
	h.visible(path)
	if prefix == "" && path == "" {
		h.buf = append(h.buf, '/')
	}
	if queried {
		h.buf = append(h.buf, '?')
		h.visible(query)
	}
	h.buf = append(h.buf, " HTTP/1.1\r\n"...)
}

// Host writes the host that is asked.
func (h *Head) Host(host string) {
	h.buf = append(h.buf, "Host: "...)
	h.visible(host)
	h.line()
}

// Field writes one line of a field.
func (h *Head) Field(name, value string) {
	h.Name(name)
	h.Text(value)
	h.line()
}

// Name begins a line whose value is written by Text and Address, and ended by
// EndLine.
func (h *Head) Name(name string) {
	h.name(name)
	h.buf = append(h.buf, ": "...)
}

// Text writes a part of a value.
func (h *Head) Text(value string) {
	if !isText(value) {
		h.bad = true
		return
	}
	h.buf = append(h.buf, value...)
}

// Address writes an address as a part of a value.
func (h *Head) Address(a netip.Addr) { h.buf = a.AppendTo(h.buf) }

// EndLine ends what Name began.
func (h *Head) EndLine() { h.line() }

// Length says how long the body is.
func (h *Head) Length(n int64) {
	h.buf = append(h.buf, "Content-Length: "...)
	h.buf = strconv.AppendInt(h.buf, n, 10)
	h.line()
}

// Chunked says that the length of the body is not known, and announces the
// fields that follow it.
func (h *Head) Chunked(trailer http.Header) {
	h.buf = append(h.buf, "Transfer-Encoding: chunked\r\n"...)
	if len(trailer) == 0 {
		return
	}
	names := make([]string, 0, len(trailer))
	for name := range trailer {
		names = append(names, name)
	}
	slices.Sort(names)
	h.buf = append(h.buf, "Trailer: "...)
	for i, name := range names {
		if i > 0 {
			h.buf = append(h.buf, ", "...)
		}
		h.name(name)
	}
	h.line()
}

// End ends the head, and tells whether it can be sent.
func (h *Head) End() error {
	h.line()
	if h.bad {
		return ErrField
	}
	return nil
}

func (h *Head) line() { h.buf = append(h.buf, '\r', '\n') }

func (h *Head) name(s string) {
	if !isToken(s) {
		h.bad = true
		return
	}
	h.buf = append(h.buf, s...)
}

// visible writes what may hold no space: it would end the target.
func (h *Head) visible(s string) {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c == 0x7f {
			h.bad = true
			return
		}
	}
	h.buf = append(h.buf, s...)
}

// keptHead is how much of a write buffer a connection keeps.
const keptHead = 8 << 10

// shed lets go of a buffer that an unusual request has left.
func (h *Head) shed() {
	if cap(h.buf) > keptHead {
		h.buf = nil
	}
}

package header

import (
	"net/http"
	"strconv"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/internal/template"
)

// CodeValueRefused is the code of the 400 for a request with something in it,
// such as a newline in a parameter of the path, that was to become part of a
// field and cannot.
const CodeValueRefused = "header_value_refused"

// An Editor edits header fields. It is a transform.Transformer and never
// altered.
type Editor struct {
	request, response edits
	callers           []template.Part
}

// New makes an Editor for a route; nil is the edge chain.
func New(c Config, route *registry.Route) (*Editor, error) {
	ed, faults := compile(c, template.ForRoute(route))
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return ed, nil
}

// Request edits the request that will be sent. It refuses one whose values
// cannot be written, those of the response too, before the backend is asked.
func (ed *Editor) Request(x *pipeline.Exchange) error {
	if !ed.request.sound(x) || !ed.response.sound(x) {
		return refusal()
	}
	ed.request.send(x)
	return nil
}

// Response edits the response, in place.
func (ed *Editor) Response(x *pipeline.Exchange, resp *http.Response) error {
	if !ed.response.sound(x) {
		return refusal()
	}
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	ed.response.reply(x, resp.Header)
	return nil
}

// Vary returns what of the caller the edits depend on: the variables that tell
// who it is, and the fields that reach the backend under another name, so that
// its own Vary does not name them.
func (ed *Editor) Vary(x *pipeline.Exchange) string {
	if len(ed.callers) == 1 && len(ed.request.rename) == 0 {
		return ed.callers[0].Value(x) // one value is like no other without its length
	}
	var room [128]byte
	key := room[:0]
	for _, p := range ed.callers {
		key = prefixed(key, p.Value(x))
	}
	for _, m := range ed.request.rename {
		values := x.In.Header[m.from]
		key = strconv.AppendInt(key, int64(len(values)), 10)
		for _, v := range values {
			key = prefixed(key, v)
		}
	}
	return string(key)
}

// prefixed appends s behind its length, so that no two lists look alike.
func prefixed(key []byte, s string) []byte {
	key = strconv.AppendInt(key, int64(len(s)), 10)
	key = append(key, ':')
	return append(key, s...)
}

func refusal() error {
	return pipeline.Refuse(http.StatusBadRequest, CodeValueRefused,
		"The request holds characters that cannot be passed on in a header field.")
}

// send makes the edits on what will be sent.
func (e *edits) send(x *pipeline.Exchange) {
	for _, name := range e.remove {
		del(x, name)
	}
	for _, m := range e.rename {
		rename(x, m)
	}
	for i := range e.set {
		set(x, &e.set[i])
	}
	for i := range e.add {
		if v := e.add[i].value.Expand(x); v != "" {
			x.Add(e.add[i].field, v)
		}
	}
	for i := range e.fallback {
		if w := &e.fallback[i]; x.Get(w.field) == "" {
			set(x, w)
		}
	}
}

func set(x *pipeline.Exchange, w *write) {
	v := w.value.Expand(x)
	if v == "" {
		del(x, w.field)
		return
	}
	x.Set(w.field, v)
}

// del removes a field where there is one: an edit costs more than a look.
func del(x *pipeline.Exchange, name string) {
	if len(x.Values(name)) > 0 {
		x.Del(name)
	}
}

func rename(x *pipeline.Exchange, m move) {
	values := x.Values(m.from)
	if len(values) == 0 {
		return
	}
	x.Del(m.from)
	x.Set(m.to, values[0])
	for _, v := range values[1:] {
		x.Add(m.to, v)
	}
}

// reply makes the edits on a response. Slices of values are shared: they are
// replaced, never written into.
func (e *edits) reply(x *pipeline.Exchange, h http.Header) {
	for _, name := range e.remove {
		delete(h, name)
	}
	for _, m := range e.rename {
		if values, ok := h[m.from]; ok {
			delete(h, m.from)
			h[m.to] = values
		}
	}
	for i := range e.set {
		e.set[i].put(x, h)
	}
	for i := range e.add {
		e.add[i].append(x, h)
	}
	for i := range e.fallback {
		if w := &e.fallback[i]; h.Get(w.field) == "" {
			w.put(x, h)
		}
	}
}

func (w *write) values(x *pipeline.Exchange) []string {
	if w.constant != nil {
		return w.constant
	}
	if v := w.value.Expand(x); v != "" {
		return []string{v}
	}
	return nil
}

func (w *write) put(x *pipeline.Exchange, h http.Header) {
	if values := w.values(x); values != nil {
		h[w.field] = values
		return
	}
	delete(h, w.field)
}

func (w *write) append(x *pipeline.Exchange, h http.Header) {
	if values := w.values(x); values != nil {
		old := h[w.field]
		h[w.field] = append(old[:len(old):len(old)], values...)
	}
}

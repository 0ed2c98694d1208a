package pipeline

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline/internal/field"
)

type editOp uint8

const (
	opSet editOp = iota
	opAdd
	opDel
)

// An edit is one change of the fields that will be sent.
type edit struct {
	field, value string
	op           editOp
}

// Set sets a field of the request that will be sent.
func (x *Exchange) Set(field, value string) { x.edit(opSet, field, value) }

// Add adds a value to a field of the request that will be sent. Inside Retry,
// Set: what is added there piles up attempt by attempt.
func (x *Exchange) Add(field, value string) { x.edit(opAdd, field, value) }

// Del removes a field from the request that will be sent.
func (x *Exchange) Del(field string) { x.edit(opDel, field, "") }

func (x *Exchange) edit(op editOp, name, value string) {
	if x.edits == nil {
		x.edits = x.editRoom[:0]
	}
	x.edits = append(x.edits, edit{field.Canonical(name), value, op})
}

// Get returns the first value of a field as it will be sent, edits included.
func (x *Exchange) Get(name string) string {
	name = field.Canonical(name)
	var value string
	if values := x.In.Header[name]; len(values) > 0 {
		value = values[0]
	}
	for _, e := range x.edits {
		if e.field != name {
			continue
		}
		if e.op != opAdd || value == "" {
			value = e.value
		}
	}
	return value
}

// SetTarget sets path and query of the request that will be sent: an encoded
// path, and a raw query behind "?" where there is one.
func (x *Exchange) SetTarget(target string) { x.target = target }

// Target returns path and query as they will be sent.
func (x *Exchange) Target() string {
	if x.target != "" {
		return x.target
	}
	return x.In.URL.RequestURI()
}

// Out returns the edited request as one value of the caller's own, with the
// body that will be sent. A body that is not kept is handed out once: a second
// call returns a request whose body fails.
func (x *Exchange) Out(ctx context.Context) *http.Request {
	out := x.In.WithContext(ctx)
	out.Header = x.outHeader()
	out.URL = x.outURL()
	out.Body, out.ContentLength = x.body.take(x.In)
	out.TransferEncoding, out.Close, out.RequestURI, out.GetBody = nil, false, "", nil
	return out
}

func (x *Exchange) outHeader() http.Header {
	h := make(http.Header, len(x.In.Header)+len(x.edits)+4)
	for field, values := range x.In.Header {
		h[field] = values[:len(values):len(values)]
	}
	for _, e := range x.edits {
		switch e.op {
		case opSet:
			h[e.field] = []string{e.value}
		case opAdd:
			h[e.field] = append(h[e.field], e.value)
		case opDel:
			delete(h, e.field)
		}
	}
	return h
}

func (x *Exchange) outURL() *url.URL {
	u := *x.In.URL
	if x.target == "" {
		return &u
	}
	path, query, found := strings.Cut(x.target, "?")
	u.RawPath, u.RawQuery, u.ForceQuery = path, query, found && query == ""
	if decoded, err := url.PathUnescape(path); err == nil {
		u.Path = decoded
	} else {
		u.Path = path
	}
	return &u
}

// A Mark remembers what will be sent, for who sends more than once.
type Mark struct {
	edits    int
	target   string
	body     payload
	deadline time.Time
}

// Mark returns the present edits, target, body and deadline.
func (x *Exchange) Mark() Mark {
	return Mark{len(x.edits), x.target, x.body, x.Deadline}
}

// Restore undoes what was edited since m was taken. A body that was handed
// out is there again only where it was kept: see Replayable.
func (x *Exchange) Restore(m Mark) {
	x.edits = x.edits[:m.edits]
	x.target, x.Deadline = m.target, m.deadline
	if m.body.kept || m.body.replaced != x.body.replaced {
		x.body = m.body
	}
}

// OutFields yields the fields as they will be sent, edits included, one value
// at a time; the values of one field follow each other. It is Out's Header
// without the map.
func (x *Exchange) OutFields(yield func(field, value string) bool) {
	for field, values := range x.In.Header {
		if len(x.edits) > 0 && x.edited(field, len(x.edits)) {
			continue
		}
		for _, value := range values {
			if !yield(field, value) {
				return
			}
		}
	}
	for i := range x.edits {
		if field := x.edits[i].field; !x.edited(field, i) && !x.outEdited(field, yield) {
			return
		}
	}
}

// edited reports whether one of the first n edits is of the field.
func (x *Exchange) edited(field string, n int) bool {
	for i := range x.edits[:n] {
		if x.edits[i].field == field {
			return true
		}
	}
	return false
}

// outEdited yields the values of a field that was edited.
func (x *Exchange) outEdited(field string, yield func(field, value string) bool) bool {
	from := 0 // the edit that forgot what was there before
	for i, e := range x.edits {
		if e.field == field && e.op != opAdd {
			from = i + 1
		}
	}
	if from == 0 {
		for _, value := range x.In.Header[field] {
			if !yield(field, value) {
				return false
			}
		}
	} else if e := &x.edits[from-1]; e.op == opSet && !yield(field, e.value) {
		return false
	}
	for _, e := range x.edits[from:] {
		if e.field == field && !yield(field, e.value) {
			return false
		}
	}
	return true
}

// OutTarget returns path and query as they will be sent, apart from each other:
// an encoded path, and a raw query where there is one.
func (x *Exchange) OutTarget() (path, query string, queried bool) {
	u := x.In.URL
	if x.target != "" {
		u = x.outURL()
	}
	return u.EscapedPath(), u.RawQuery, u.ForceQuery || u.RawQuery != ""
}

// OutBody hands out the body that will be sent, as Out does: kept bytes, or a
// stream and its length, -1 where unknown. Where there is no body, it returns
// neither.
func (x *Exchange) OutBody() (kept []byte, stream io.ReadCloser, length int64) {
	if x.body.kept {
		return x.body.data, nil, int64(len(x.body.data))
	}
	stream, length = x.body.take(x.In)
	if stream == nil || stream == http.NoBody {
		return nil, nil, 0
	}
	return nil, stream, length
}

package cache

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A query is what a request wants of the cache, and what was found.
type query struct {
	asks directives
	cond conditions

	primary string // the key of what is asked for
	key     string // where the answer to this request stands, as far as known
	marker  *Entry // says by which fields the answers vary; nil: by none
	entry   *Entry // the answer, whatever its age; nil: none
	fwd     string // why the backend has to be asked

	storing bool // whoever reads the response stores it
}

// asksOf returns what the request says in Cache-Control or, where it has none,
// in the older Pragma (RFC 9111 section 5.4).
func asksOf(x *pipeline.Exchange) directives {
	lines := x.Values("Cache-Control")
	if len(lines) > 0 {
		return parseDirectives(lines)
	}
	var d directives
	for _, line := range x.Values("Pragma") {
		d.noCache = d.noCache || strings.Contains(strings.ToLower(line), "no-cache")
	}
	return d
}

// lookup finds what is stored. HEAD is answered with what GET has stored, where
// that will do, and else with what is stored of HEAD.
func (p *policy) lookup(ctx context.Context, x *pipeline.Exchange, q *query) {
	method := x.In.Method
	if method == http.MethodHead && p.get {
		p.find(ctx, x, q, http.MethodGet)
		if q.entry != nil {
			if ok, _ := q.entry.satisfies(&q.asks, time.Now()); ok {
				return
			}
		}
	}
	p.find(ctx, x, q, method)
}

func (p *policy) find(ctx context.Context, x *pipeline.Exchange, q *query, method string) {
	q.primary = p.keys.primary(x, method)
	q.key, q.marker, q.fwd = q.primary, nil, fwdMiss
	q.entry = p.read(ctx, x, q.key)
	if q.entry == nil || q.entry.Status != 0 {
		return
	}
	q.marker, q.fwd = q.entry, fwdVaryMiss
	q.key = p.keys.secondary(q.primary, x, q.marker.Vary)
	q.entry = p.read(ctx, x, q.key)
	if q.entry != nil && q.entry.Status == 0 {
		q.entry = nil
	}
}

// read returns what the store has under the key, nil where it has nothing or
// fails.
func (p *policy) read(ctx context.Context, x *pipeline.Exchange, key string) *Entry {
	e, err := p.store.Get(ctx, key)
	if err == nil {
		return e
	}
	if !errors.Is(err, ErrMiss) && ctx.Err() == nil {
		p.decide(x, pipeline.Warn, CodeUnavailable)
	}
	return nil
}

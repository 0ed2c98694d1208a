package cache

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// storeTimeout bounds how long a store may take to take an entry in: the end
// of the answer waits for it.
const storeTimeout = time.Second

// take stores the response, where it may be, while it passes by.
func (p *policy) take(ctx context.Context, x *pipeline.Exchange, s *sending, resp *http.Response) {
	q := &s.query
	e, ok := p.rules.judge(&q.asks, p.arrived(s, resp.StatusCode, resp.Header))
	ok = ok && p.fits(x, resp)
	p.decide(x, pipeline.Miss, CodeMiss)
	r := report{fwd: q.fwd, stored: ok}
	if ok {
		r.ttl, r.hasTTL = e.left(e.Stored), true
		p.place(x, s, e)
	}
	p.tell(x, resp, r)
	p.conceal(resp)
	switch {
	case !ok:
		p.outdated(ctx, q, resp.StatusCode)
	case bodiless(x, resp):
		p.put(ctx, x, s, e)
	default:
		q.storing = true
		resp.Body = newTee(resp, p.max, func(body []byte, whole, given bool) {
			p.taken(ctx, x, s, e, body, whole, given)
		})
	}
}

// taken ends the storing of a body.
func (p *policy) taken(ctx context.Context, x *pipeline.Exchange, s *sending, e *Entry, body []byte, whole, given bool) {
	switch {
	case whole:
		e.Body = body
		if cap(body)-len(body) > len(body)/4 {
			e.Body = bytes.Clone(body)
		}
		p.put(ctx, x, s, e)
	case given:
		s.f.settle(abandoned, nil, "")
	default:
		s.f.settle(apart, nil, "")
	}
}

// fits tells whether the response can be stored as it is announced.
func (p *policy) fits(x *pipeline.Exchange, resp *http.Response) bool {
	if bodiless(x, resp) {
		return resp.ContentLength <= 0 || x.In.Method == http.MethodHead || resp.StatusCode == http.StatusNoContent
	}
	return resp.ContentLength <= p.max
}

// bodiless tells whether there is nothing to wait for. What has no body by its
// kind may bear one all the same, which is to be closed.
func bodiless(x *pipeline.Exchange, resp *http.Response) bool {
	return resp.Body == nil || resp.Body == http.NoBody ||
		resp.StatusCode == http.StatusNoContent || x.In.Method == http.MethodHead
}

// place finds where requests like this one will look for the entry.
func (p *policy) place(x *pipeline.Exchange, s *sending, e *Entry) {
	seen := s.seen(x)
	s.tag = tagOf(p.keys.appendURIOf(nil, seen))
	if s.marker != nil {
		if names := union(s.marker.Vary, e.Vary); len(names) <= maxVary {
			e.Vary = names
		}
	}
	e.Tags = union(e.Tags, []string{s.tag})
	s.at = s.primary
	if len(e.Vary) > 0 {
		s.at = p.keys.secondary(s.primary, seen, e.Vary)
	}
}

// put stores the entry in its place, and hands it to those who wait.
func (p *policy) put(ctx context.Context, x *pipeline.Exchange, s *sending, e *Entry) {
	s.storing = true
	key := s.at
	if key != s.primary && !s.marker.covers(e) {
		marker := &Entry{Vary: e.Vary, Stored: e.Stored, Expires: e.Expires, Tags: []string{s.tag}}
		p.set(ctx, x, s.primary, marker)
	}
	p.set(ctx, x, key, e)
	if s.stand.passed() { // it may be of before what was changed
		p.drop(ctx, key)
		s.f.settle(apart, nil, "")
		return
	}
	s.f.settle(landed, e, key)
}

// covers reports whether the marker leads to the entry as long as that is kept.
func (m *Entry) covers(e *Entry) bool {
	return m != nil && slices.Equal(m.Vary, e.Vary) && !m.Expires.Before(e.Expires)
}

// keyOf returns the key of the answer to requests like x.
func (p *policy) keyOf(primary string, x *pipeline.Exchange, names []string) string {
	if len(names) == 0 {
		return primary
	}
	return p.keys.secondary(primary, x, names)
}

func (p *policy) set(ctx context.Context, x *pipeline.Exchange, key string, e *Entry) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := p.store.Set(ctx, key, e); err != nil {
		p.decide(x, pipeline.Warn, CodeUnavailable)
	}
}

// outdated lets go of an entry in whose place the backend has given something
// that is not stored. Its failures say nothing about the entry.
func (p *policy) outdated(ctx context.Context, q *query, status int) {
	if q.entry != nil && status != http.StatusNotModified && status < 500 {
		p.drop(ctx, q.key)
	}
}

// drop puts an entry that has expired in the place of the one there.
func (p *policy) drop(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	now := time.Now()
	_ = p.store.Set(ctx, key, &Entry{Stored: now, Expires: now.Add(-time.Second)}) // what stays is stale
}

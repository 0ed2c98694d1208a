package cache

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// fetch asks the backend or, where another request is at it already, waits for
// what that gets.
func (p *policy) fetch(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler, s *sending) (*http.Response, error) {
	q := &s.query
	if !p.joins(q) {
		return p.forward(ctx, x, next, s, nil)
	}
	f, leads := p.flights.join(q.key, &s.flight)
	if leads {
		return p.forward(ctx, x, next, s, f)
	}
	until := time.Now().Add(p.wait)
	if !x.Deadline.IsZero() && x.Deadline.Before(until) {
		until = x.Deadline
	}
	for ; !leads; f, leads = p.flights.join(q.key, &s.flight) {
		switch f.wait(ctx, time.Until(until)) {
		case landed:
			if resp := p.share(x, q, f); resp != nil {
				return resp, nil
			}
		case abandoned:
			continue
		case gone:
			return nil, context.Cause(ctx)
		}
		return p.forward(ctx, x, next, s, nil)
	}
	return p.forward(ctx, x, next, s, f)
}

// joins tells whether the request may be answered with what another one
// fetches, and the other way about. Conditions of the client's may make the
// backend answer 304, which serves nobody else.
func (p *policy) joins(q *query) bool {
	return p.coalesce && !q.cond.any() && !q.asks.noCache
}

// share answers with what the flight has fetched; nil where that is not for
// such requests as x.
func (p *policy) share(x *pipeline.Exchange, q *query, f *flight) *http.Response {
	e, now := f.entry, time.Now()
	if p.keyOf(q.primary, x, e.Vary) != f.at {
		return nil
	}
	if ok, stale := e.satisfies(&q.asks, now); !ok || stale {
		return nil
	}
	p.decide(x, pipeline.Hit, CodeCoalesced)
	p.tell(x, nil, report{fwd: q.fwd, ttl: e.left(now), hasTTL: true, collapsed: true})
	return respond(x, &q.cond, e, now)
}

// A sending is one request to the backend, seen from the cache. One value, so
// that it is one allocation.
type sending struct {
	query
	flight flight // its own, where it leads one

	f          *flight // nil: nobody waits for it
	mark       pipeline.Mark
	credential bool // the backend gets one
	asked      time.Time
	stand      stand
	at         string // the key of what is stored
	tag        string // of what is stored
}

// begin notes how things stand before the backend is asked.
func (p *policy) begin(x *pipeline.Exchange, s *sending, f *flight) {
	s.f, s.mark, s.credential, s.asked = f, x.Mark(), credential(x), time.Now()
	s.stand = p.stand(x)
}

// seen returns the request as it stood here, without the edits behind.
func (s *sending) seen(x *pipeline.Exchange) *pipeline.Exchange {
	seen := x.Fork()
	seen.Restore(s.mark)
	return seen
}

// forward asks the backend for those who wait for f, and for x.
func (p *policy) forward(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler, s *sending, f *flight) (resp *http.Response, err error) {
	q := &s.query
	if f != nil {
		x.AtEnd(f)
		defer func() {
			switch {
			case ctx.Err() != nil && resp == nil:
				f.settle(abandoned, nil, "")
			case !q.storing: // an error and a panic among others
				f.settle(apart, nil, "")
			}
		}()
	}
	p.begin(x, s, f)
	resp, confirmed, err := p.ask(ctx, x, next, q)
	if confirmed {
		return p.confirmed(ctx, x, s, resp), nil
	}
	if stale := p.excuse(x, s, resp, err); stale != nil {
		return stale, nil
	}
	if err != nil {
		p.decide(x, pipeline.Miss, CodeMiss)
		p.tell(x, nil, report{fwd: q.fwd})
		return nil, err
	}
	p.take(ctx, x, s, resp)
	return resp, nil
}

// ask asks the backend: whether the entry still holds, where there is one that
// it can be asked about, and else for a new one. It reports whether the answer
// confirms the entry.
func (p *policy) ask(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler, q *query) (resp *http.Response, confirmed bool, err error) {
	mark := x.Mark()
	validating := q.entry != nil && q.cond.validate(x, q.entry)
	resp, err = next(ctx, x)
	if err != nil || !validating || resp.StatusCode != http.StatusNotModified {
		return resp, false, err
	}
	alone := len(q.cond.tags) == 0
	if confirmed = confirms(resp.Header, q.entry, alone); confirmed || !alone {
		return resp, confirmed, nil
	}
	// It is about what nobody has: the client did not ask for it.
	_ = resp.Body.Close()
	x.Restore(mark)
	resp, err = next(ctx, x)
	return resp, false, err
}

// excuse answers with a stale entry where the backend has failed and that is
// allowed (RFC 5861 section 4); nil where not.
func (p *policy) excuse(x *pipeline.Exchange, s *sending, resp *http.Response, err error) *http.Response {
	e := s.entry
	if e == nil || !failed(resp, err) || s.asks.noCache {
		return nil
	}
	now := time.Now()
	if !within(e, e.StaleIfError, now) {
		return nil
	}
	r := report{fwd: s.fwd, ttl: e.left(now), hasTTL: true, detail: "stale-if-error"}
	if resp != nil {
		r.fwdStatus = resp.StatusCode
		_ = resp.Body.Close()
	}
	p.decide(x, pipeline.Hit, CodeStale)
	p.tell(x, nil, r)
	return respond(x, &s.cond, e, now)
}

// failed tells whether the backend failed, by itself, by what it says, or by
// the word of a stage that withholds what it says: an error page is often of a
// form that nothing behind the cache lets pass.
func failed(resp *http.Response, err error) bool {
	if err != nil {
		var u *pipeline.UpstreamError
		var p *pipeline.Problem
		return errors.As(err, &u) || errors.As(err, &p) && p.Status > 500 && failing(p.Status)
	}
	return failing(resp.StatusCode)
}

func failing(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// confirmed answers with the entry that the backend has confirmed, freshened
// by what it said (RFC 9111 section 4.3.4).
func (p *policy) confirmed(ctx context.Context, x *pipeline.Exchange, s *sending, resp *http.Response) *http.Response {
	_ = resp.Body.Close()
	q, old := &s.query, s.entry
	a := p.arrived(s, old.Status, updated(old, resp.Header))
	e, ok := p.rules.judge(&q.asks, a)
	if ok {
		e.Body = old.Body
		e.Tags = union(old.Tags, e.Tags)
		p.place(x, s, e)
		p.put(ctx, x, s, e)
	} else {
		p.drop(ctx, q.key)
		e = &Entry{Status: old.Status, Header: a.header, Body: old.Body, Stored: a.now}
	}
	p.decide(x, pipeline.Hit, CodeRevalidated)
	p.tell(x, resp, report{fwd: q.fwd, fwdStatus: http.StatusNotModified, ttl: e.left(a.now), hasTTL: ok, stored: ok})
	out := respond(x, &q.cond, e, a.now)
	p.conceal(out)
	return out
}

func (p *policy) arrived(s *sending, status int, h http.Header) arrival {
	return arrival{
		credential: s.credential,
		status:     status, header: h, asked: s.asked, now: time.Now(),
	}
}

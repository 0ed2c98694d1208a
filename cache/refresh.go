package cache

import (
	"context"
	"io"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

const (
	// maxRefreshes bounds how many entries of one route are validated in the
	// background at once.
	maxRefreshes = 32
	// refreshTimeout bounds how long one takes, its body included.
	refreshTimeout = 30 * time.Second
)

// refresh reports whether a stale entry may answer while it is validated (RFC
// 5861 section 3), and has it validated in the background, once.
func (p *policy) refresh(x *pipeline.Exchange, next pipeline.Handler, q *query, now time.Time) bool {
	e := q.entry
	wants := q.asks.noCache || q.asks.maxAge.set || q.asks.minFresh.set
	if p.start == nil || wants || !within(e, e.StaleWhileRevalidate, now) {
		return false
	}
	s := &sending{query: *q}
	f, leads := p.flights.join(q.key, &s.flight)
	if !leads {
		return true
	}
	if p.refreshing.Add(1) > maxRefreshes {
		p.refreshing.Add(-1)
		f.settle(apart, nil, "")
		return true
	}
	fork := x.Fork()
	fork.Start, fork.Deadline = now, time.Time{} // those of the client do not bind it
	fork.Del("If-None-Match")
	fork.Del("If-Modified-Since")
	s.cond = conditions{}
	p.start(func(ctx context.Context) { p.revalidate(ctx, fork, next, s, f) })
	return true
}

// revalidate asks the backend for nobody but the cache.
func (p *policy) revalidate(ctx context.Context, fork *pipeline.Exchange, next pipeline.Handler, s *sending, f *flight) {
	defer p.refreshing.Add(-1)
	defer func() { _ = fork.Done() }()
	ctx, cancel := context.WithTimeout(ctx, refreshTimeout)
	defer cancel()
	resp, err := p.forward(ctx, fork, next, s, f)
	if err != nil {
		return
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body) // what it broke with, the flight has told
}

package cache

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// New makes a stage that keeps its entries in store, under the name of env. It
// belongs to a route: around the router nobody knows what stands behind it.
// What c says of its store does not count.
func New(env *pipeline.Env, store Store, c Config) (pipeline.Stage, error) {
	switch {
	case env.Route == nil:
		return pipeline.Stage{}, errors.New("want a route: a cache does not stand in the edge chain")
	case store == nil:
		return pipeline.Stage{}, errors.New("want a store")
	}
	if err := c.Validate(); err != nil {
		return pipeline.Stage{}, err
	}
	p := &policy{
		stage: cmp.Or(env.Name, kindName), name: cmp.Or(c.Name, defaultName), store: store,
		rules: newRules(c), keys: newKeyer(env, c),
		max: c.MaxEntry.Or(defaultMaxEntry).Bytes(), coalesce: c.coalesce(), wait: c.CoalesceWait.Or(defaultWait),
	}
	var err error
	if p.epochs, err = sharedEpochs(env); err != nil {
		return pipeline.Stage{}, err
	}
	p.forwarded = forwarded(p.name)
	p.get, p.head = c.methods()
	if env.Context != nil {
		p.start = env.Go
	}
	return pipeline.Stage{Name: p.stage, Phase: pipeline.Cache, Wrap: p.wrap, Inner: p.keys.introduce}, nil
}

// A policy is the stage of one route.
type policy struct {
	stage, name string
	forwarded   map[string]string // Cache-Status by why the backend is asked
	store       Store
	rules       rules
	keys        *keyer
	get, head   bool
	max         int64 // bytes of a body
	coalesce    bool
	wait        time.Duration
	flights     flights
	epochs      *epochs
	refreshing  atomic.Int32
	start       func(func(ctx context.Context)) // nil where nothing can be started
}

func (p *policy) wrap(next pipeline.Handler) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return p.serve(ctx, x, next)
	}
}

func (p *policy) serve(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
	q := query{asks: asksOf(x)}
	if fwd := p.passes(x, &q.asks); fwd != "" {
		return p.bypass(ctx, x, next, fwd)
	}
	q.cond = conditionsOf(x)
	p.lookup(ctx, x, &q)
	if q.entry != nil {
		if resp := p.fromStore(x, next, &q, time.Now()); resp != nil {
			return resp, nil
		}
	}
	if q.asks.onlyIfCached {
		p.tell(x, nil, report{detail: "only-if-cached"})
		return nil, pipeline.Refuse(http.StatusGatewayTimeout, CodeNotCached, "There is no stored response to this request.")
	}
	return p.fetch(ctx, x, next, &sending{query: q}) // what a hit needs stays on the stack
}

// passes returns why the cache has nothing to do with the request; nothing
// where it has.
func (p *policy) passes(x *pipeline.Exchange, asks *directives) string {
	switch x.In.Method {
	case http.MethodGet:
		if !p.get {
			return fwdMethod
		}
	case http.MethodHead:
		if !p.head {
			return fwdMethod
		}
	default:
		return fwdMethod
	}
	if asks.noStore {
		return fwdRequest
	}
	if x.Upgrade != "" || x.In.ContentLength != 0 {
		return fwdBypass
	}
	for _, name := range [...]string{"Range", "If-Range", "If-Match", "If-Unmodified-Since"} {
		if len(x.Values(name)) > 0 {
			return fwdBypass
		}
	}
	return ""
}

// bypass asks the backend. Where that may have changed something, what is
// stored of it is let go.
func (p *policy) bypass(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler, fwd string) (*http.Response, error) {
	unsafe := changes(x.In.Method)
	var uri []byte
	if unsafe {
		uri = p.keys.appendURIOf(nil, x)
	}
	p.decide(x, pipeline.Miss, CodeBypass)
	resp, err := next(ctx, x)
	p.tell(x, resp, report{fwd: fwd})
	if err != nil {
		return nil, err
	}
	if unsafe {
		p.invalidate(ctx, x, resp, uri)
	}
	p.conceal(resp)
	return resp, nil
}

// fromStore answers with what was found, where that will do; nil where not.
func (p *policy) fromStore(x *pipeline.Exchange, next pipeline.Handler, q *query, now time.Time) *http.Response {
	e := q.entry
	ok, stale := e.satisfies(&q.asks, now)
	q.fwd = fwdRequest
	if stale && !q.asks.noCache {
		q.fwd = fwdStale
	}
	if !ok {
		ok = stale && p.refresh(x, next, q, now)
	}
	if !ok {
		return nil
	}
	code := CodeHit
	if stale {
		code = CodeStale
	}
	p.decide(x, pipeline.Hit, code)
	p.tell(x, nil, report{hit: true, ttl: e.left(now), hasTTL: true})
	return respond(x, &q.cond, e, now)
}

func (p *policy) decide(x *pipeline.Exchange, v pipeline.Verdict, code string) {
	x.Decide(pipeline.Decision{Stage: p.stage, Verdict: v, Code: code})
}

// conceal removes what is between the backend and the cache.
func (p *policy) conceal(resp *http.Response) {
	if p.rules.tagsHeader != "" {
		delete(resp.Header, p.rules.tagsHeader)
	}
}

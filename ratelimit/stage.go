package ratelimit

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// New makes a stage that counts with l, under the name of env. What c says of
// its store does not count.
func New(env *pipeline.Env, l Limiter, c Config) (pipeline.Stage, error) {
	if err := c.Validate(); err != nil {
		return pipeline.Stage{}, err
	}
	name := cmp.Or(env.Name, kindName)
	p, err := newPolicy(env, l, c, name, naming{own: ownName(name, kindName), share: c.share()})
	if err != nil {
		return pipeline.Stage{}, err
	}
	if c.fromPlan() {
		p.tiers = newTiers(p.as, "")
	}
	return pipeline.Stage{Name: name, Phase: c.phase(), Wrap: p.wrap}, nil
}

// ownName returns what a policy is called within its kind.
func ownName(name, kind string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, kind), ":")
}

// newPolicy makes a policy whose buckets are kept under the name.
func newPolicy(env *pipeline.Env, l Limiter, c Config, name string, as naming) (*policy, error) {
	keys, err := newKeyer(env, name, c)
	if err != nil {
		return nil, err
	}
	p := &policy{
		name: name, as: as, limiter: l, keys: keys, refusal: limited,
		silent: c.Headers == "off", open: c.OnError == onErrorAllow,
	}
	if c.OnError == onErrorLocal {
		if p.alone, err = sharedAlone(env); err != nil {
			return nil, err
		}
	}
	if !c.fromPlan() {
		p.rules = newRules(as, c.limits())
	}
	return p, nil
}

// A policy is the stage of one route.
type policy struct {
	name    string
	as      naming
	refusal func(after time.Duration) *pipeline.Problem
	limiter Limiter
	keys    keyer
	rules   *rules // nil: those of the plan
	tiers   *tiers
	silent  bool    // tells callers nothing
	open    bool    // lets pass while the limiter fails
	alone   Limiter // counts while the limiter fails; nil: open says what happens then
}

// scratch is what one decision needs, kept from one to the next.
type scratch struct {
	key      []byte
	text     string // the key before: a caller who comes again allocates none
	asks     []Ask
	results  []Result
	standing standing
	by       Limiter // who has spent; nil where nobody could
}

func (p *policy) wrap(next pipeline.Handler) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		r, err := p.bind(x)
		if err == nil && r != nil {
			s := scratches.Get().(*scratch)
			err = p.check(ctx, x, r, s, 1)
			s.release()
		}
		if err != nil {
			return nil, err
		}
		return next(ctx, x)
	}
}

// bind returns the rules for the caller, nil where nothing limits it, or the
// refusal of who cannot be counted.
func (p *policy) bind(x *pipeline.Exchange) (*rules, error) {
	r, known := p.rulesFor(x)
	if !known {
		return nil, keyMissing()
	}
	if r == nil {
		x.Decide(pipeline.Decision{Stage: p.name, Verdict: pipeline.Pass, Code: CodeUnlimited})
	}
	return r, nil
}

// check spends n by the rules, and returns the refusal of x, nil where it may
// pass.
func (p *policy) check(ctx context.Context, x *pipeline.Exchange, r *rules, s *scratch, n int64) error {
	if !s.ask(p.keys, r, x, n) {
		return keyMissing()
	}
	s.by = p.limiter
	if err := p.limiter.Take(ctx, s.asks, s.results); err != nil {
		return p.failed(ctx, x, r, s, err)
	}
	return p.judge(x, r, s, pipeline.Decision{Verdict: pipeline.Pass})
}

// rulesFor returns the rules for the caller, nil where nothing limits it. It
// reports false where there is no subscription to have a plan.
func (p *policy) rulesFor(x *pipeline.Exchange) (*rules, bool) {
	switch {
	case p.rules != nil:
		return p.rules, true
	case x.Subscription == nil:
		return nil, false
	}
	return p.tiers.of(x.Subscription.Plan), true
}

// ask fills in asks and results. The keys are cuts of one string.
func (s *scratch) ask(keys keyer, r *rules, x *pipeline.Exchange, n int64) bool {
	var ok bool
	if s.key, ok = keys.append(s.key[:0], x); !ok {
		return false
	}
	if r.mark != "" {
		s.key = appendPart(s.key, r.mark)
	}
	base := len(s.key)
	for i := 1; i < len(r.rates); i++ {
		s.key = append(s.key, s.key[:base]...)
		s.key = appendIndex(s.key, i)
	}
	if string(s.key) != s.text {
		s.text = string(s.key)
	}
	s.asks, s.results = s.asks[:0], s.results[:0]
	from, to := 0, base
	for i, rate := range r.rates {
		s.asks = append(s.asks, Ask{Key: s.text[from:to], Rate: rate, N: n})
		s.results = append(s.results, Result{})
		from, to = to, to+base+indexLen(i+1)
	}
	return true
}

// judge tells the caller where it stands, and refuses where a limit does.
// passed is the decision where all let it pass.
func (p *policy) judge(x *pipeline.Exchange, r *rules, s *scratch, passed pipeline.Decision) error {
	tightest, pass := tightestOf(s.results)
	if !p.silent {
		s.standing.write(r, s.results, tightest)
		s.standing.tell(x, r, tightest)
	}
	if !pass {
		refusal := p.refusal(s.results[tightest].RetryAfter)
		x.Decide(pipeline.Decision{Stage: p.name, Rule: r.names[tightest], Verdict: pipeline.Deny, Code: refusal.Code})
		return refusal
	}
	passed.Stage, passed.Rule = p.name, r.names[tightest]
	x.Decide(passed)
	return nil
}

// tightestOf returns which result binds most: of those that refuse, the one
// that does so longest, and else the one that leaves least.
func tightestOf(results []Result) (tightest int, pass bool) {
	pass = true
	for i := range results {
		if pass = pass && results[i].Allowed; binds(&results[i], &results[tightest]) {
			tightest = i
		}
	}
	return tightest, pass
}

func binds(a, b *Result) bool {
	switch {
	case a.Allowed != b.Allowed:
		return b.Allowed
	case a.Allowed:
		return a.Remaining < b.Remaining
	}
	return a.RetryAfter > b.RetryAfter
}

// failed is the fail mode: what happens while the limiter cannot count.
func (p *policy) failed(ctx context.Context, x *pipeline.Exchange, r *rules, s *scratch, err error) error {
	s.by = p.alone
	if p.alone != nil && s.alone(ctx, p.alone, r) == nil {
		return p.judge(x, r, s, pipeline.Decision{Verdict: pipeline.Warn, Code: CodeDegraded})
	}
	s.by = nil
	if p.open {
		x.Decide(pipeline.Decision{Stage: p.name, Verdict: pipeline.Warn, Code: CodeUnavailable})
		return nil
	}
	return pipeline.Refuse(http.StatusServiceUnavailable, CodeUnavailable,
		"The limit cannot be checked at present.").Because(err)
}

func limited(after time.Duration) *pipeline.Problem {
	wait := strconv.FormatInt(max(seconds(after), 1), 10)
	return pipeline.Refuse(http.StatusTooManyRequests, CodeLimited,
		"Too many requests; try again in "+wait+" s.").With("Retry-After", wait)
}

func keyMissing() error {
	return pipeline.Refuse(http.StatusForbidden, CodeKeyMissing, "There is nobody to count this request for.")
}

// scratches are those of all routes, so that one that the processor has at hand
// comes next. What they hold is never state.
var scratches = sync.Pool{New: func() any { return new(scratch) }}

func (s *scratch) release() {
	clear(s.asks)
	clear(s.results)
	s.by = nil
	scratches.Put(s)
}

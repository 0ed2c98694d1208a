package gatewaytest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

// An Authenticator answers as told. Its zero value finds no credentials.
type Authenticator struct {
	Identity *pipeline.Identity
	Err      error

	calls atomic.Int64
}

// Authenticate implements authn.Authenticator.
func (a *Authenticator) Authenticate(context.Context, *pipeline.Exchange) (*pipeline.Identity, error) {
	a.calls.Add(1)
	switch {
	case a.Err != nil:
		return nil, a.Err
	case a.Identity == nil:
		return nil, authn.ErrNoCredentials
	}
	return a.Identity, nil
}

// Calls returns how often it was asked.
func (a *Authenticator) Calls() int { return int(a.calls.Load()) }

// An Authorizer answers as told. Its zero value denies.
type Authorizer struct {
	Answer authz.Answer
	Err    error

	calls atomic.Int64
}

// Authorize implements authz.Authorizer.
func (a *Authorizer) Authorize(context.Context, *pipeline.Exchange) (authz.Answer, error) {
	a.calls.Add(1)
	if a.Err != nil {
		return authz.Answer{}, a.Err
	}
	return a.Answer, nil
}

// Calls returns how often it was asked.
func (a *Authorizer) Calls() int { return int(a.calls.Load()) }

// A Limiter answers each ask as told, and keeps the asks. Its zero value
// refuses.
type Limiter struct {
	Result ratelimit.Result
	Err    error

	mu   sync.Mutex
	asks []ratelimit.Ask
}

// Take implements ratelimit.Limiter.
func (l *Limiter) Take(_ context.Context, asks []ratelimit.Ask, results []ratelimit.Result) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asks = append(l.asks, asks...)
	for i := range results {
		results[i] = ratelimit.Result{}
		if l.Err == nil {
			results[i] = l.Result
		}
	}
	return l.Err
}

// Asks returns what was asked so far, oldest first.
func (l *Limiter) Asks() []ratelimit.Ask {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.asks)
}

// A Balancer picks by its function. Its zero value picks the first endpoint.
type Balancer struct {
	Choose func(x *pipeline.Exchange, endpoints []*upstream.Endpoint) *upstream.Endpoint

	calls atomic.Int64
}

// Pick implements upstream.Balancer.
func (b *Balancer) Pick(x *pipeline.Exchange, endpoints []*upstream.Endpoint) *upstream.Endpoint {
	b.calls.Add(1)
	if b.Choose == nil {
		return endpoints[0]
	}
	return b.Choose(x, endpoints)
}

// Calls returns how often it was asked.
func (b *Balancer) Calls() int { return int(b.calls.Load()) }

// A Directory holds what its fields hold; it knows nothing where they are
// empty. Its fields are not altered while it is asked; use Apply.
type Directory struct {
	Subscriptions []*registry.Subscription
	Credentials   map[[32]byte]*registry.Credential
	Plans         map[string]*registry.Plan // resolves what a subscription only names
	Err           error                     // the answer to everything, where set

	mu    sync.RWMutex
	calls atomic.Int64
}

// Subscription implements registry.Directory.
func (d *Directory) Subscription(_ context.Context, consumer, api, environment string) (*registry.Subscription, error) {
	d.calls.Add(1)
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.Err != nil {
		return nil, d.Err
	}
	i := d.index(&registry.Subscription{Consumer: consumer, API: api, Environment: environment})
	if i < 0 {
		return nil, registry.ErrUnknown
	}
	return d.resolved(d.Subscriptions[i]), nil
}

// Credential implements registry.Directory.
func (d *Directory) Credential(_ context.Context, sum [32]byte) (*registry.Credential, error) {
	d.calls.Add(1)
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.Err != nil {
		return nil, d.Err
	}
	if c := d.Credentials[sum]; c != nil {
		return c, nil
	}
	return nil, registry.ErrUnknown
}

// Calls returns how often it was asked.
func (d *Directory) Calls() int { return int(d.calls.Load()) }

// Apply takes the changes up, in their order.
func (d *Directory) Apply(changes ...registry.Change) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range changes {
		d.apply(c)
	}
}

func (d *Directory) apply(c registry.Change) {
	switch {
	case c.Plan != nil:
		d.Plans = put(d.Plans, c.Plan.Name, c.Plan, c.Remove)
	case c.Credential != nil:
		d.Credentials = put(d.Credentials, c.Sum, c.Credential, c.Remove)
	case c.Subscription != nil:
		if i := d.index(c.Subscription); i >= 0 {
			d.Subscriptions = slices.Concat(d.Subscriptions[:i], d.Subscriptions[i+1:])
		}
		if !c.Remove {
			d.Subscriptions = append(d.Subscriptions[:len(d.Subscriptions):len(d.Subscriptions)], c.Subscription)
		}
	case c.Remove:
		delete(d.Credentials, c.Sum)
	}
}

func put[K comparable, V any](m map[K]V, key K, value V, remove bool) map[K]V {
	m = maps.Clone(m)
	if m == nil {
		m = map[K]V{}
	}
	m[key] = value
	if remove {
		delete(m, key)
	}
	return m
}

func (d *Directory) index(want *registry.Subscription) int {
	return slices.IndexFunc(d.Subscriptions, func(s *registry.Subscription) bool {
		return s.Consumer == want.Consumer && s.API == want.API && s.Environment == want.Environment
	})
}

// resolved returns s with the plan that it names.
func (d *Directory) resolved(s *registry.Subscription) *registry.Subscription {
	if s.Plan == nil || d.Plans[s.Plan.Name] == nil {
		return s
	}
	r := *s
	r.Plan = d.Plans[s.Plan.Name]
	return &r
}

// A Recorder keeps how exchanges ended.
type Recorder struct {
	mu    sync.Mutex
	ended []Ended
}

// Ended is how one exchange ended. Decisions and attempts are copies; the
// exchange itself is not kept.
type Ended struct {
	Route     string // its name; empty where there was none
	Method    string
	Target    string
	Summary   pipeline.Summary
	Decisions []pipeline.Decision
	Attempts  []pipeline.Attempt
}

// For implements pipeline.Recorder.
func (r *Recorder) For(route *registry.Route) func(x *pipeline.Exchange, s *pipeline.Summary) {
	name := ""
	if route != nil {
		name = route.Name
	}
	return func(x *pipeline.Exchange, s *pipeline.Summary) {
		r.note(Ended{
			Route: name, Method: x.In.Method, Target: x.In.URL.RequestURI(), Summary: *s,
			Decisions: slices.Clone(x.Decisions()), Attempts: slices.Clone(x.Attempts()),
		})
	}
}

func (r *Recorder) note(e Ended) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = append(r.ended, e)
}

// Ended returns what was recorded so far, oldest first.
func (r *Recorder) Ended() []Ended {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ended)
}

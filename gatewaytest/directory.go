package gatewaytest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/registry"
)

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

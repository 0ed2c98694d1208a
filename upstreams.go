package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

// upstreams holds the upstreams by name. Routes hold a target, behind whose
// pointer settings and endpoints change without a recompile.
type upstreams struct {
	g       *Gateway
	mu      sync.RWMutex
	targets map[string]*target
}

// A target is one upstream as routes see it.
type target struct {
	current atomic.Pointer[backend]
}

// A backend is an upstream in the form that its settings ask for.
type backend struct {
	*upstream.Upstream
	settings  string // canonical, without endpoints
	endpoints []registry.Endpoint
	scope     *pipeline.Scope
}

func newUpstreams(g *Gateway) *upstreams {
	u := &upstreams{g: g, targets: map[string]*target{}}
	for name := range g.handlers {
		u.targets[name] = &target{}
	}
	return u
}

// serve delivers to the backend of this moment. Where that was replaced before
// it had an endpoint for the exchange, nothing was sent, and the next one is
// asked.
func (t *target) serve(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
	for {
		b := t.current.Load()
		if b == nil {
			return nil, &pipeline.UpstreamError{Kind: pipeline.UpstreamNoneReady}
		}
		resp, err := b.Serve(ctx, x)
		if err == nil || t.current.Load() == b || !noneReady(err) {
			return resp, err
		}
	}
}

func noneReady(err error) bool {
	var failed *pipeline.UpstreamError
	return errors.As(err, &failed) && failed.Kind == pipeline.UpstreamNoneReady
}

// deliver returns the handler that delivers to the named upstream.
func (g *Gateway) deliver(name string) (pipeline.Handler, error) {
	g.upstreams.mu.RLock()
	defer g.upstreams.mu.RUnlock()
	if t := g.upstreams.targets[name]; t != nil {
		return t.serve, nil
	}
	return nil, registry.Unknown("upstream", name, g.upstreams.names())
}

func (u *upstreams) names() []string {
	names := make([]string, 0, len(u.targets))
	for name := range u.targets {
		names = append(names, name)
	}
	return names
}

func (g *Gateway) inProcess() []string {
	names := make([]string, 0, len(g.handlers))
	for name := range g.handlers {
		names = append(names, name)
	}
	return names
}

// A change of upstreams is prepared beside what serves, and then either
// committed or let go.
type upstreamChange struct {
	u       *upstreams
	backend map[string]*backend            // new, or with new settings
	moved   map[string][]registry.Endpoint // new endpoints of one that stays
	added   []string                       // targets that were not there before
	removed []string
}

// prepare builds what the snapshot needs and the gateway does not have yet. The
// targets of new upstreams are there when it returns, so that routes can be
// compiled; they deliver nothing before commit.
func (u *upstreams) prepare(s *registry.Snapshot, w pipeline.Workshop) (*upstreamChange, error) {
	c := &upstreamChange{u: u, backend: map[string]*backend{}, moved: map[string][]registry.Endpoint{}}
	declared := map[string]bool{}
	var faults registry.Faults
	for _, ru := range u.all(s) {
		declared[ru.Name] = true
		faults = append(faults, registry.AsFaults(c.add(ru, w))...)
	}
	u.mu.RLock()
	for name := range u.targets {
		if !declared[name] {
			c.removed = append(c.removed, name)
		}
	}
	u.mu.RUnlock()
	if len(faults) > 0 {
		c.abandon()
		return nil, faults
	}
	return c, nil
}

// all returns the upstreams of the snapshot and those given in code only.
func (u *upstreams) all(s *registry.Snapshot) []registry.Upstream {
	all := slices.Clone(s.Upstreams)
	for name := range u.g.handlers {
		if !slices.ContainsFunc(all, func(ru registry.Upstream) bool { return ru.Name == name }) {
			all = append(all, registry.Upstream{Name: name})
		}
	}
	return all
}

func (c *upstreamChange) add(ru registry.Upstream, w pipeline.Workshop) error {
	settings := settingsOf(ru)
	c.u.mu.Lock()
	t := c.u.targets[ru.Name]
	if t == nil {
		t = &target{}
		c.u.targets[ru.Name] = t
		c.added = append(c.added, ru.Name)
	}
	c.u.mu.Unlock()
	if b := t.current.Load(); b != nil && b.settings == settings && !b.scope.Stale() {
		if !slices.Equal(b.endpoints, ru.Endpoints) {
			c.moved[ru.Name] = ru.Endpoints
		}
		return nil
	}
	b, err := c.u.build(ru, settings, w, t.current.Load())
	if err == nil {
		c.backend[ru.Name] = b
	}
	return err
}

// settingsOf returns the settings of an upstream without its endpoints, in one
// form.
func settingsOf(ru registry.Upstream) string {
	ru.Endpoints = nil
	raw, err := json.Marshal(ru)
	if err != nil {
		return "" // never equal to what was built, so it is built anew
	}
	return string(raw)
}

// build makes the backend of an upstream; what the one before knows of the
// health of its endpoints is taken over.
func (u *upstreams) build(ru registry.Upstream, settings string, w pipeline.Workshop, before *backend) (*backend, error) {
	b := &backend{settings: settings, endpoints: ru.Endpoints, scope: pipeline.NewScope(u.g.pool, u.g.logger.With("upstream", ru.Name))}
	env := b.scope.Env(w, nil, ru.Name)
	options := upstream.Options{
		Log: u.g.logger, Via: u.g.via, Handler: u.g.handlers[ru.Name], Transport: u.g.transport, Go: env.Go,
	}
	if before != nil {
		options.Before = before.Upstream
	}
	var err error
	if ru.Balancer != nil {
		options.Balancer, err = pipeline.Make[upstream.Balancer](env, *ru.Balancer)
		err = registry.At("/balancer/"+registry.Escape(ru.Balancer.Kind), err)
	}
	if err == nil {
		b.Upstream, err = upstream.New(ru, options)
	}
	if err != nil {
		b.scope.Close()
		return nil, named(ru, err)
	}
	return b, nil
}

// named puts the upstream and its place into faults.
func named(ru registry.Upstream, err error) error {
	faults := registry.AsFaults(err)
	for i, f := range faults {
		f := *f
		f.Upstream, f.Pos = ru.Name, ru.Pos
		if f.Pos.File != "" {
			f.Pos.Pointer += f.Field
		}
		faults[i] = &f
	}
	return faults.Err()
}

// abandon lets go of what was prepared.
func (c *upstreamChange) abandon() {
	for _, b := range c.backend {
		b.end()
	}
	c.u.mu.Lock()
	defer c.u.mu.Unlock()
	for _, name := range c.added {
		delete(c.u.targets, name)
	}
}

// commit puts what was prepared in force and returns the backends that it
// replaced, to be ended when the exchanges that use them are over.
func (c *upstreamChange) commit() (replaced []*backend) {
	c.u.mu.Lock()
	defer c.u.mu.Unlock()
	for name, b := range c.backend {
		b.scope.Start()
		if old := c.u.targets[name].current.Swap(b); old != nil {
			replaced = append(replaced, old)
		}
	}
	for name, endpoints := range c.moved {
		b := c.u.targets[name].current.Load()
		if err := b.Update(endpoints); err != nil { // validated before
			c.u.g.logger.Error("endpoints not taken", "upstream", name, "error", err)
			continue
		}
		b.endpoints = endpoints
	}
	for _, name := range c.removed {
		if old := c.u.targets[name].current.Load(); old != nil {
			replaced = append(replaced, old)
		}
		delete(c.u.targets, name)
	}
	return replaced
}

func (b *backend) end() {
	b.Close()
	b.scope.Close()
}

// close ends every upstream.
func (u *upstreams) close() {
	for _, b := range u.take() {
		b.end()
	}
}

// take takes the backends out of their targets.
func (u *upstreams) take() (all []*backend) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, t := range u.targets {
		if b := t.current.Swap(nil); b != nil {
			all = append(all, b)
		}
	}
	return all
}

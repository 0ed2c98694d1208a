package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
	"github.com/seed-f9645bd3/gateway/pipeline/router"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A compilation makes a table of a snapshot, taking over what is unchanged of
// the table before.
type compilation struct {
	g        *Gateway
	snapshot *registry.Snapshot
	workshop pipeline.Workshop
	before   *table
	fresh    []*unit // compiled for this table, let go where it is refused
	faults   registry.Faults
}

// compile makes the table of a snapshot, or returns every fault. It starts
// nothing and alters nothing that serves.
func (g *Gateway) compile(ctx context.Context, s *registry.Snapshot) (*compilation, *table, error) {
	c := &compilation{g: g, snapshot: s, workshop: g.workshop, before: g.table.Load()}
	c.workshop.Environment = s.Environment
	t := &table{snapshot: s, applied: time.Now()}

	c.collect(registry.Validate(s, g.inProcess()...))
	t.router = c.matcher()
	t.edge = c.edge()
	t.routes = c.routes(ctx)
	if err := ctx.Err(); err != nil {
		c.collect(fmt.Errorf("compile: %w", err))
	}
	if len(c.faults) > 0 {
		c.abandon()
		return nil, nil, c.faults
	}
	return c, t, nil
}

func (c *compilation) collect(err error) {
	for _, f := range registry.AsFaults(err) {
		if f.Pos.Line == 0 && f.Pos.File != "" && c.snapshot.Locate != nil {
			located := *f
			located.Pos = c.snapshot.Locate(f.Pos)
			f = &located
		}
		c.faults = append(c.faults, f)
	}
}

// abandon lets go of all that was built.
func (c *compilation) abandon() {
	for _, u := range c.fresh {
		u.scope.Close()
	}
	c.g.forget(c.fresh)
}

func (c *compilation) matcher() *router.Router {
	m, err := router.New(c.snapshot.Routes)
	c.collect(err)
	return m
}

func (c *compilation) routes(ctx context.Context) []*unit {
	known := map[string]*unit{}
	if c.before != nil {
		for _, u := range c.before.routes {
			known[u.route.Name] = u
		}
	}
	h, units := newHasher(), make([]*unit, 0, len(c.snapshot.Routes))
	for i := range c.snapshot.Routes {
		if ctx.Err() != nil {
			return nil
		}
		r := &c.snapshot.Routes[i]
		sum := h.route(c.snapshot.Environment, r)
		if u := known[r.Name]; u != nil && u.hash == sum && !u.scope.Stale() {
			units = append(units, u)
			continue
		}
		if u := c.route(r, sum); u != nil {
			units = append(units, u)
		}
	}
	return units
}

// route compiles one route.
func (c *compilation) route(r *registry.Route, sum hash) *unit {
	scope := pipeline.NewScope(c.g.pool, c.g.logger.With("route", r.Name))
	u := newUnit(sum, scope)
	c.fresh = append(c.fresh, u)
	u.route = *r
	before := len(c.faults)
	stages := c.policies(scope, &u.route, r.Policies)
	stages = append(slices.Clone(c.g.stages), stages...)
	stages = append(stages, automatic())
	stages = append(stages, c.rewrite(&u.route)...)
	last := c.last(&u.route, stages)
	c.decided(&u.route, stages)
	if len(c.faults) > before {
		return nil
	}
	u.entry.Route = &u.route
	u.takes = u.route.Paths.Spellings()
	if err := c.seal(u, last, stages); err != nil {
		c.routeFault(r, "/policies", "%w", err)
		return nil
	}
	return u
}

// seal folds the stages around last and asks the recorders. What others brought
// may panic here: that refuses the snapshot and ends nothing that serves.
func (c *compilation) seal(u *unit, last pipeline.Handler, stages []pipeline.Stage) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.g.logger.Error("panic while a chain was built", "route", u.route.Name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic while the chain was built: %v", p)
		}
	}()
	u.entry.Record = c.g.recordersOf(u.entry.Route)
	u.entry.Timed = pipeline.Timings(c.g.recorders)
	return u.fold(last, stages)
}

// fold folds the stages in their order around last.
func (u *unit) fold(last pipeline.Handler, stages []pipeline.Stage) error {
	pipeline.Sort(stages)
	if err := pipeline.Introduce(stages); err != nil {
		return err
	}
	u.handler = pipeline.Chain(last, stages...)
	for _, s := range stages {
		u.stages = append(u.stages, pipeline.StageStatus{Name: s.Name, Phase: s.Phase.String()})
	}
	return nil
}

// policies builds the stages of policies, in their order.
func (c *compilation) policies(scope *pipeline.Scope, r *registry.Route, policies []registry.Policy) []pipeline.Stage {
	var stages []pipeline.Stage
	seen := map[string]bool{}
	for _, p := range policies {
		if seen[p.String()] {
			c.policyFault(r, p, fmt.Errorf("is named twice; keep several of a kind apart with \"as\""))
			continue
		}
		seen[p.String()] = true
		built, err := pipeline.Make[[]pipeline.Stage](scope.Env(c.workshop, r, p.String()), p)
		if err != nil {
			c.policyFault(r, p, err)
			continue
		}
		if slices.ContainsFunc(built, func(s pipeline.Stage) bool { return s.Name == "" || s.Wrap == nil }) {
			c.policyFault(r, p, errors.New("made a stage without a Name or a Wrap"))
			continue
		}
		stages = append(stages, built...)
	}
	return stages
}

func (c *compilation) policyFault(r *registry.Route, p registry.Policy, err error) {
	for _, f := range registry.AsFaults(err) {
		f := *f
		f.Policy, f.Pos = p.String(), p.Pos
		if f.Pos.File != "" {
			f.Pos.Pointer += f.Field
		}
		if r != nil {
			f.Route = r.Name
		}
		c.collect(&f)
	}
}

func (c *compilation) routeFault(r *registry.Route, field, format string, args ...any) {
	c.collect(&registry.Fault{Route: r.Name, Field: field, Pos: r.Pos, Err: fmt.Errorf(format, args...)})
}

// last returns what stands at the end of the chain: the upstream, or a refusal
// that is never reached where a stage answers.
func (c *compilation) last(r *registry.Route, stages []pipeline.Stage) pipeline.Handler {
	if r.Upstream != "" {
		h, err := c.g.deliver(r.Upstream)
		if err != nil && !c.declared(r.Upstream) {
			c.routeFault(r, "/upstream", "%w", err)
		}
		return h
	}
	answers := func(s pipeline.Stage) bool { return s.Phase == pipeline.Forward }
	if !slices.ContainsFunc(stages, answers) && !denied(r) && !c.unbuilt(r) {
		c.routeFault(r, "", "names no upstream, and none of its policies answers; want an upstream, or respond, redirect or deny")
	}
	return func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		return nil, &pipeline.UpstreamError{Kind: pipeline.UpstreamNoneReady, Err: errors.New("the route names no upstream")}
	}
}

func (c *compilation) declared(upstream string) bool {
	return slices.ContainsFunc(c.snapshot.Upstreams, func(u registry.Upstream) bool { return u.Name == upstream })
}

// The policies that the model itself knows.
const (
	kindPublic = "public"
	kindDeny   = "deny"
)

func has(r *registry.Route, kind string) bool {
	return slices.ContainsFunc(r.Policies, func(p registry.Policy) bool { return p.Kind == kind })
}

func denied(r *registry.Route) bool { return has(r, kindDeny) }

// decided holds a route to an explicit decision on who may call it: a policy
// that authorizes, or public, or deny. Public beside another one contradicts
// itself.
func (c *compilation) decided(r *registry.Route, stages []pipeline.Stage) {
	var deciders []string
	for _, s := range stages {
		if s.Phase == pipeline.Authorize && s.Name != kindPublic {
			deciders = append(deciders, s.Name)
		}
	}
	switch {
	case has(r, kindPublic) && len(deciders) > 0:
		c.routeFault(r, "/policies", "is public and yet asks for %s; turn one of them off: {%s: {off: true}}",
			strings.Join(deciders, ", "), deciders[0])
	case !has(r, kindPublic) && !denied(r) && len(deciders) == 0 && !c.unbuilt(r):
		c.routeFault(r, "/policies", "says nothing about who may call it; want a policy that authorizes, such as subscription, or public, or deny")
	}
}

// unbuilt reports whether a policy of the route has faults of its own, so that
// what it would have decided is not known.
func (c *compilation) unbuilt(r *registry.Route) bool {
	return slices.ContainsFunc(c.faults, func(f *registry.Fault) bool { return f.Route == r.Name && f.Policy != "" })
}

func (c *compilation) rewrite(r *registry.Route) []pipeline.Stage {
	s, any, err := router.Rewrite(r)
	c.collect(err)
	if !any || err != nil {
		return nil
	}
	return []pipeline.Stage{s}
}

// edge compiles the edge chain, or takes the one before.
func (c *compilation) edge() *edgeUnit {
	sum := newHasher().edge(c.snapshot)
	if c.before != nil && c.before.edge.hash == sum && !c.before.edge.scope.Stale() {
		return c.before.edge
	}
	e := &edgeUnit{unit: newUnit(sum, pipeline.NewScope(c.g.pool, c.g.logger))}
	c.fresh = append(c.fresh, e.unit)
	stages := c.policies(e.scope, nil, c.snapshot.Edge)
	e.entry.Release = nil
	if err := c.seal(e.unit, dispatch(e, c.g.fresh), stages); err != nil {
		c.collect(err)
		return e
	}
	server, err := edge.New(e.handler, edge.Options{
		Inbound: c.snapshot.Inbound, Environment: c.snapshot.Environment,
		Entry: &e.entry, Log: c.g.logger, Via: c.g.via, Spellings: spellings(c.snapshot), Gathering: gathering,
	})
	c.collect(err)
	e.server = server
	return e
}

// gathering returns the connection of a listener of ours that gathers.
func gathering(ctx context.Context) edge.Gatherer {
	if c := listen.Gathering(ctx); c != nil {
		return c
	}
	return nil
}

// automatic answers the OPTIONS requests that no route takes by itself. It
// stands behind Observe, so that CORS answers first, and before all else.
func automatic() pipeline.Stage {
	return pipeline.Stage{Name: "options", Phase: pipeline.Observe + 50, Vary: anyone, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			if x.Allow == "" {
				return next(ctx, x)
			}
			resp := pipeline.Respond(x, http.StatusNoContent, "", nil)
			resp.Header.Set("Allow", x.Allow)
			return resp, nil
		}
	}}
}

// anyone is the Vary of a stage that does the same for every caller.
func anyone(*pipeline.Exchange) string { return "" }

package gateway

import (
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Routes describes the routes of the table that serves, in the order of the
// configuration, each with its effective chain.
func (g *Gateway) Routes() []pipeline.RouteStatus {
	t := g.table.Load()
	if t == nil {
		return nil
	}
	routes := make([]pipeline.RouteStatus, len(t.routes))
	for i, u := range t.routes {
		r := &u.route
		routes[i] = pipeline.RouteStatus{
			Name: r.Name, API: r.API, Protocol: r.Protocol, Match: r.Match, Rewrite: r.Rewrite, Upstream: r.Upstream,
			Stages: slices.Clone(u.stages), Hash: u.hash.String(),
			InFlight: u.inFlight.Load(), Served: u.served.Load(), Since: u.since,
		}
	}
	return routes
}

// Edge describes the chain around the router, from the outside in.
func (g *Gateway) Edge() []pipeline.StageStatus {
	t := g.table.Load()
	if t == nil {
		return nil
	}
	return slices.Clone(t.edge.stages)
}

// Upstreams describes the upstreams in use, by name.
func (g *Gateway) Upstreams() []pipeline.UpstreamStatus {
	g.upstreams.mu.RLock()
	defer g.upstreams.mu.RUnlock()
	var all []pipeline.UpstreamStatus
	for name, t := range g.upstreams.targets {
		if b := t.current.Load(); b != nil {
			status := b.Status()
			status.Name = name
			all = append(all, status)
		}
	}
	slices.SortFunc(all, func(a, b pipeline.UpstreamStatus) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Config describes the configuration in force, its history and the last
// refusal.
func (g *Gateway) Config() pipeline.ConfigStatus {
	fresh := g.Freshness()
	status := pipeline.ConfigStatus{Refused: g.status.get(), Retiring: int(g.retiring.open.Load()), Freshness: &fresh}
	if t := g.table.Load(); t != nil {
		status.Version, status.Environment = t.snapshot.Version, t.snapshot.Environment
		status.Applied, status.Origin, status.Snapshot = t.applied, string(t.origin), t.snapshot
	}
	g.apply.Lock()
	defer g.apply.Unlock()
	status.Pinned = g.history.pinned
	for _, p := range g.history.past {
		status.History = append(status.History, pipeline.Version{Version: p.snapshot.Version, Applied: p.applied})
	}
	return status
}

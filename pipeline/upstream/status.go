package upstream

import (
	"slices"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Status describes the endpoints as they are used now.
func (u *Upstream) Status() pipeline.UpstreamStatus {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.set.Load()
	s := pipeline.UpstreamStatus{
		Name: u.config.Name, Ready: u.handler != nil || len(now.ready) > 0,
		Endpoints: make([]pipeline.EndpointStatus, len(now.all)),
	}
	for i, e := range now.all {
		s.Endpoints[i] = u.statusOf(e, now.ready)
	}
	return s
}

func (u *Upstream) statusOf(e *Endpoint, ready []*Endpoint) pipeline.EndpointStatus {
	h := &e.health
	s := pipeline.EndpointStatus{
		URL: e.URL(), Weight: e.Weight(), Zone: e.Zone(), Version: e.Version(), InFlight: e.InFlight(), Client: e.client(),
		Ready: slices.Contains(ready, e), Failures: e.failures.Load(), EjectedUntil: h.ejectedUntil,
	}
	if u.active == nil {
		return s
	}
	s.Health, s.Probed, s.Reason = "healthy", h.probed, h.reason
	if h.down {
		s.Health = "unhealthy"
	}
	return s
}

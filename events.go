package gateway

import (
	"fmt"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// introduce looks once which recorders want to know more than exchanges: what
// becomes of the configuration, and how old it is.
func (g *Gateway) introduce() {
	for _, r := range g.recorders {
		if c, ok := r.(interface{ RecordConfig(pipeline.ConfigEvent) }); ok {
			g.tell = append(g.tell, c.RecordConfig)
		}
		if f, ok := r.(interface {
			Freshness(func() pipeline.Freshness)
		}); ok {
			f.Freshness(g.Freshness)
		}
	}
}

// event tells the recorders. A panic of one of them refuses nothing.
func (g *Gateway) event(e pipeline.ConfigEvent) {
	g.telling.Lock()
	defer g.telling.Unlock()
	e.At = time.Now()
	for _, tell := range g.tell {
		func() {
			defer func() {
				if p := recover(); p != nil {
					g.logger.Error("a recorder of configurations panicked", "panic", fmt.Sprint(p))
				}
			}()
			tell(e)
		}()
	}
}

func (g *Gateway) appliedEvent(action string, s *registry.Snapshot, before string, from origin) {
	g.event(pipeline.ConfigEvent{
		Action: action, Version: s.Version, Before: before, Environment: s.Environment, Origin: string(from),
	})
}

func (g *Gateway) refusedEvent(s *registry.Snapshot, before string, from origin, err error) {
	if len(g.tell) == 0 {
		return
	}
	e := pipeline.ConfigEvent{
		Action: pipeline.ConfigRefused, Version: s.Version, Before: before, Environment: s.Environment, Origin: string(from),
	}
	for _, f := range registry.AsFaults(err) {
		e.Faults = append(e.Faults, f.Error())
	}
	g.event(e)
}

// staleEvent tells of what the silence of the source has come to.
func (g *Gateway) staleEvent(action string) {
	e := pipeline.ConfigEvent{Action: action}
	if t := g.table.Load(); t != nil {
		e.Version, e.Environment, e.Origin = t.snapshot.Version, t.snapshot.Environment, string(t.origin)
	}
	g.event(e)
}

// version is the one in force; empty for none.
func (g *Gateway) version() string {
	if t := g.table.Load(); t != nil {
		return t.snapshot.Version
	}
	return ""
}

package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// origin tells where a configuration came from.
type origin string

const (
	originSource   origin = "source"
	originCode     origin = "code"
	originLastGood origin = "last_good"
	originRollback origin = "rollback"
)

// Apply validates and compiles what the update holds, swaps it in, and returns
// when it is in force: requests that begin afterwards see all of it. An update
// that is refused changes nothing; its faults, all of them, are the error
// (registry.Faults). ctx bounds the compiling and nothing else.
//
// Routes whose content is unchanged keep their compiled handlers, counters and
// open exchanges; changed endpoints recompile no route.
func (g *Gateway) Apply(ctx context.Context, u registry.Update) error {
	return g.update(ctx, u, originCode)
}

// Check compiles a snapshot and lets it go again.
func (g *Gateway) Check(ctx context.Context, s *registry.Snapshot) error {
	if s == nil {
		return errors.New("gateway: there is no snapshot to check")
	}
	g.apply.Lock()
	defer g.apply.Unlock()
	if g.over {
		return ErrClosed
	}
	change, c, _, err := g.build(ctx, s)
	if err != nil {
		return err
	}
	c.abandon()
	change.abandon()
	return nil
}

// fromSource applies an update of the source.
func (g *Gateway) fromSource(ctx context.Context, u registry.Update) error {
	return g.update(ctx, u, originSource)
}

// passedOver reports whether the source delivers the version that a rollback
// left: it is passed over until another one comes. apply is held.
func (g *Gateway) passedOver(version string, from origin) bool {
	return from == originSource && g.history.pinned && g.history.left == version
}

func (g *Gateway) update(ctx context.Context, u registry.Update, from origin) error {
	if u.Snapshot == nil {
		return g.directoryOnly(u.Directory)
	}
	g.apply.Lock()
	defer g.apply.Unlock()
	if g.over {
		return ErrClosed
	}
	if g.passedOver(u.Snapshot.Version, from) {
		g.logger.Info("version passed over after a rollback", "version", u.Snapshot.Version)
		return g.directoryOnly(u.Directory)
	}
	before := g.version()
	err := g.swap(ctx, u, from)
	if err != nil {
		g.status.refuse(u.Snapshot.Version, err)
		g.refusedEvent(u.Snapshot, before, from, err)
		if from != originSource { // a source reports what it is refused
			g.logger.Warn("configuration refused", "version", u.Snapshot.Version, "faults", err)
		}
		return err
	}
	g.history.add(u.Snapshot, g.keep)
	g.status.accept()
	g.appliedEvent(pipeline.ConfigApplied, u.Snapshot, before, from)
	if g.saver != nil && from != originLastGood {
		g.saver.wake()
	}
	return nil
}

// directoryOnly applies changes of the directory beside whatever compiles.
func (g *Gateway) directoryOnly(changes []registry.Change) error {
	if err := g.direct(changes); err != nil {
		return err
	}
	if g.saver != nil && len(changes) > 0 {
		g.saver.later()
	}
	return nil
}

func (g *Gateway) direct(changes []registry.Change) error {
	if len(changes) == 0 {
		return nil
	}
	d, ok := g.directory.(interface {
		Apply(changes []registry.Change) error
	})
	if !ok {
		return errors.New("the directory takes no changes: it has no method Apply")
	}
	return d.Apply(changes)
}

// build validates and compiles without altering what serves. apply is held.
func (g *Gateway) build(ctx context.Context, s *registry.Snapshot) (*upstreamChange, *compilation, *table, error) {
	w := g.workshop
	w.Environment = s.Environment
	change, upstreamErr := g.upstreams.prepare(s, w)
	c, t, err := g.compile(ctx, s)
	if upstreamErr == nil && err == nil {
		return change, c, t, nil
	}
	if c != nil {
		c.abandon()
	}
	if change != nil {
		change.abandon()
	}
	located := &compilation{snapshot: s}
	located.collect(upstreamErr)
	located.collect(err)
	return nil, nil, nil, distinct(located.faults)
}

// distinct makes one fault of those that say the same of one place: two passes
// found it, or every route that inherits a policy did.
func distinct(fs registry.Faults) registry.Faults {
	var out registry.Faults
	seen, at, more := map[string]bool{}, map[string]int{}, map[int]int{}
	for _, f := range fs {
		line := f.Error()
		if seen[line] {
			continue
		}
		seen[line] = true
		if first, known := at[place(f)]; known {
			more[first]++
			continue
		}
		at[place(f)] = len(out)
		out = append(out, f)
	}
	for i, n := range more {
		f := *out[i]
		f.Err = fmt.Errorf("%w (and for %d more that inherit it)", f.Err, n)
		out[i] = &f
	}
	return out
}

// place is what a fault says, whichever route it was met for where it stands in
// a document.
func place(f *registry.Fault) string {
	if f.Pos.Pointer == "" {
		return f.Error()
	}
	anyRoute := *f
	anyRoute.Route = ""
	return anyRoute.Error()
}

// swap puts the snapshot in force. apply is held.
func (g *Gateway) swap(ctx context.Context, u registry.Update, from origin) error {
	change, c, t, err := g.build(ctx, u.Snapshot)
	if err != nil {
		return err
	}
	if err := g.direct(u.Directory); err != nil {
		c.abandon()
		change.abandon()
		return fmt.Errorf("directory: %w", err)
	}
	t.origin, t.taken = from, t.applied
	if from == originLastGood {
		t.taken = g.restored
	}
	before := c.before
	replaced := change.commit()
	t.edge.current.Store(t)
	g.table.Store(t)
	for _, fresh := range c.fresh {
		fresh.scope.Start()
	}
	g.retireOld(before, t, replaced)
	g.readyOnce.Do(func() { close(g.ready) })
	g.logger.Info("configuration in force", "version", u.Snapshot.Version, "routes", len(t.routes),
		"compiled", len(c.fresh), "origin", string(from), "took", time.Since(t.applied))
	return nil
}

// retireOld retires the units that the new table no longer has, and ends the
// backends that were replaced when those are gone.
func (g *Gateway) retireOld(before, now *table, replaced []*backend) {
	if before == nil {
		return
	}
	kept := make(map[*unit]bool, len(now.routes)+1)
	kept[now.edge.unit] = true
	for _, u := range now.routes {
		kept[u] = true
	}
	var old []*unit
	for _, u := range append([]*unit{before.edge.unit}, before.routes...) {
		if !kept[u] {
			old = append(old, u)
		}
	}
	if before.edge != now.edge {
		before.edge.retire() // at once: who comes now begins with the new one
	}
	g.retiring.retire(g, old, g.retiring.hold(g, before, now), func() {
		for _, b := range replaced {
			b.end()
		}
		g.forget(old)
	})
}

// forget has recorders drop what they keep for routes of these units that are
// not served any more, or never were.
func (g *Gateway) forget(old []*unit) {
	live := map[string]bool{}
	if t := g.table.Load(); t != nil {
		for _, u := range t.routes {
			live[u.route.Name] = true
		}
	}
	for _, r := range g.recorders {
		f, ok := r.(interface{ Forget(route string) })
		if !ok {
			continue
		}
		for _, u := range old {
			if name := u.route.Name; name != "" && !live[name] {
				f.Forget(name)
			}
		}
	}
}

func (g *Gateway) recordersOf(r *registry.Route) []func(*pipeline.Exchange, *pipeline.Summary) {
	records := make([]func(*pipeline.Exchange, *pipeline.Summary), 0, len(g.recorders)+1)
	for _, rec := range g.recorders {
		if record := rec.For(r); record != nil {
			records = append(records, record)
		}
	}
	return append(records, g.explained)
}

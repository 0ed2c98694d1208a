package gateway

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// ErrNoHistory says that there is no earlier snapshot to go back to.
var ErrNoHistory = errors.New("gateway: no earlier configuration to roll back to")

// history holds the snapshots that were in force, newest first. Gateway.apply
// guards it.
type history struct {
	past   []past
	pinned bool
	left   string // the version that a rollback left
}

type past struct {
	snapshot *registry.Snapshot
	applied  time.Time
}

func (h *history) add(s *registry.Snapshot, keep int) {
	h.past = slices.Insert(h.past, 0, past{s, time.Now()})
	if len(h.past) > keep {
		clear(h.past[keep:])
		h.past = h.past[:keep]
	}
	h.pinned = false
}

// Rollback applies the snapshot before the present one and pins it: the source
// may deliver the version that was left as often as it likes, only another one
// is applied again.
func (g *Gateway) Rollback(ctx context.Context) error {
	g.apply.Lock()
	defer g.apply.Unlock()
	if g.over {
		return ErrClosed
	}
	if len(g.history.past) < 2 {
		return ErrNoHistory
	}
	left, target := g.history.past[0].snapshot.Version, g.history.past[1].snapshot
	if err := g.swap(ctx, registry.Update{Snapshot: target}, originRollback); err != nil {
		g.refusedEvent(target, left, originRollback, err)
		return err
	}
	g.appliedEvent(pipeline.ConfigRolledBack, target, left, originRollback)
	g.history.past = slices.Delete(g.history.past, 0, 1)
	if !g.history.pinned {
		g.history.left = left
	}
	g.history.pinned = true
	if g.saver != nil {
		g.saver.wake()
	}
	return nil
}

// refusals keeps the last refusal for the admin API.
type refusals struct {
	mu   sync.Mutex
	last *pipeline.Refusal
}

func (r *refusals) refuse(version string, err error) {
	refusal := &pipeline.Refusal{Version: version, At: time.Now()}
	for _, f := range registry.AsFaults(err) {
		refusal.Faults = append(refusal.Faults, f.Error())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = refusal
}

func (r *refusals) accept() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = nil
}

func (r *refusals) get() *pipeline.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

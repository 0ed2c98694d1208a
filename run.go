package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// Run runs the recorders, loads the configuration, listens, follows the source
// and, when ctx ends, drains and closes. It returns nil after an orderly end.
//
// The first update of the source is waited for. Where it is refused, or does
// not come in time, the last good configuration on disk serves; where there is
// none, the refusal is Run's error. Run may be called once.
func (g *Gateway) Run(ctx context.Context) error {
	if g.ran.Swap(true) {
		return errors.New("gateway: Run was called before")
	}
	recorders := g.runRecorders()
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	source := g.follow(watching)
	servers, err := g.start(ctx, source)
	var freshness sync.WaitGroup
	if err == nil {
		freshness.Go(func() { g.fresh.watch(watching) })
		close(g.listening)
		err = g.wait(ctx, source, servers)
		g.shutdown(servers)
	}
	stop()
	freshness.Wait()
	source.await(g.deadline)
	err = errors.Join(err, g.Close())
	recorders()
	return err
}

// runRecorders runs the recorders that have something to run. The function
// that it returns ends them, after the last exchange, and waits, for no longer
// than a drain may take.
func (g *Gateway) runRecorders() (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	for _, r := range g.recorders {
		if runner, ok := r.(interface{ Run(context.Context) error }); ok {
			wait.Go(func() {
				if err := runRecorder(ctx, runner.Run); err != nil && ctx.Err() == nil {
					g.logger.Error("recorder ended", "error", err)
				}
			})
		}
	}
	return func() { cancel(); atMost(g.deadline, wait.Wait) }
}

// runRecorder runs it and makes an error of a panic.
func runRecorder(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return run(ctx)
}

// A following is the source at work.
type following struct {
	first chan error // what became of the first update
	ended chan struct{}
	err   error // valid once ended is closed
}

// follow watches the source, if there is one.
func (g *Gateway) follow(ctx context.Context) *following {
	f := &following{first: make(chan error, 1), ended: make(chan struct{})}
	if g.source == nil {
		close(f.ended)
		return f
	}
	go func() {
		defer close(f.ended)
		defer func() {
			if p := recover(); p != nil {
				g.logger.Error("the source panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				f.err = fmt.Errorf("panic: %v", p)
			}
		}()
		f.err = g.source.Watch(ctx, func(u registry.Update) error {
			err := g.fromSource(ctx, u)
			if u.Snapshot != nil || err != nil {
				select {
				case f.first <- err:
				default:
				}
			}
			return err
		})
	}()
	return f
}

// await waits until Watch has returned, for at most the time given: a source
// that does not end must not keep the program from it.
func (f *following) await(most time.Duration) {
	atMost(most, func() { <-f.ended })
}

// start loads and listens.
func (g *Gateway) start(ctx context.Context, source *following) ([]*server, error) {
	if g.refusing.Load() {
		return nil, ErrClosed
	}
	g.fresh.since(time.Now())
	if err := g.loadFirst(ctx, source); err != nil {
		return nil, err
	}
	g.fresh.judge()
	var servers []*server
	for _, l := range g.listeners {
		s, err := g.listen(ctx, l)
		if err != nil {
			for _, s := range servers {
				_ = s.http.Close()
			}
			return nil, err
		}
		servers = append(servers, s)
	}
	return servers, nil
}

func (g *Gateway) loadFirst(ctx context.Context, source *following) error {
	var err error
	switch {
	case g.source != nil:
		err = g.firstUpdate(ctx, source)
	case g.table.Load() != nil:
		return nil
	default:
		err = errors.New("gateway: neither Source nor Snapshot is given")
	}
	if err == nil || g.lastGood.path == "" || g.table.Load() != nil {
		return g.tolerate(err)
	}
	if lastErr := g.restore(ctx, err); lastErr != nil {
		return errors.Join(err, fmt.Errorf("start from the last good configuration: %w", lastErr))
	}
	return nil
}

// restore starts from the last good configuration. What it holds is as old as
// it says: the silence of the source counts on from there.
func (g *Gateway) restore(ctx context.Context, because error) error {
	last, err := readGood(g.lastGood.path, g.lastGood.keys)
	if err != nil {
		return err
	}
	g.apply.Lock()
	g.restored = last.taken
	g.apply.Unlock()
	if err := g.update(ctx, last.update(), originLastGood); err != nil {
		return err
	}
	g.fresh.since(last.heard)
	g.logger.Warn("started from the last good configuration", "version", last.Snapshot.Version,
		"heard", last.heard, "because", because)
	return nil
}

// tolerate turns a source that is away into a warning where a snapshot given
// in code serves already.
func (g *Gateway) tolerate(err error) error {
	if err != nil && g.table.Load() != nil {
		g.logger.Warn("source did not deliver; the present configuration goes on", "error", err)
		return nil
	}
	return err
}

func (g *Gateway) firstUpdate(ctx context.Context, source *following) error {
	most := g.loadTimeout()
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case err := <-source.first:
		return err
	case <-source.ended:
		select {
		case err := <-source.first:
			return err
		default:
		}
		return fmt.Errorf("the source ended before its first update: %w", orEnded(source.err))
	case <-timer.C:
		return fmt.Errorf("the source delivered nothing within %v", most)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// loadTimeout is how long the first update is waited for.
func (g *Gateway) loadTimeout() time.Duration {
	if g.load > 0 {
		return g.load
	}
	if _, err := os.Stat(g.lastGood.path); g.lastGood.path != "" && err == nil {
		return 2 * time.Second
	}
	return 10 * time.Second
}

func orEnded(err error) error {
	if err == nil {
		return errors.New("without an error")
	}
	return err
}

// wait returns when ctx ends, or when the gateway cannot go on.
func (g *Gateway) wait(ctx context.Context, source *following, servers []*server) error {
	failed := make(chan error, len(servers))
	for _, s := range servers {
		go func() {
			<-s.ended
			if s.err != nil {
				failed <- s.err
			}
		}()
	}
	ended := source.ended
	if g.source == nil {
		ended = nil
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case <-ended: // what serves goes on
			g.logger.Error("the source ended", "error", orEnded(source.err))
			ended = nil
		}
	}
}

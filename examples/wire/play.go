package main

import (
	"context"
	"sync"
	"time"

	"github.com/seed-f9645bd3/gateway/gatewaytest/wire"
)

// lanes is how many instances of a proxy play at a time.
const lanes = 4

// A result is how a proxy did.
type result struct {
	name, version string
	misses        map[string][]string // by group and name of the case
}

// play plays all cases against a proxy.
func play(ctx context.Context, p proxy, patience time.Duration) (result, error) {
	version, err := p.version()
	if err != nil {
		return result{}, err
	}
	r := result{p.name, version, map[string][]string{}}
	var mu sync.Mutex
	var wait sync.WaitGroup
	var failed error
	next := make(chan wire.Case)
	for range lanes {
		backend, target, stop, err := lane(ctx, p)
		if err != nil {
			failed = err
			break
		}
		target.Patience = patience
		wait.Go(func() {
			defer stop()
			for c := range next {
				if m := wire.Play(target, backend, c).Misses(false); len(m) > 0 {
					mu.Lock()
					r.misses[key(c)] = m
					mu.Unlock()
				}
			}
		})
	}
	if failed == nil {
		deal(ctx, next)
	}
	close(next)
	wait.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	return r, failed
}

func deal(ctx context.Context, next chan<- wire.Case) {
	for _, c := range cases() {
		select {
		case next <- c:
		case <-ctx.Done():
			return
		}
	}
}

// lane starts an instance in front of a backend of its own.
func lane(ctx context.Context, p proxy) (*wire.Backend, wire.Target, func(), error) {
	backend, err := wire.NewBackend()
	if err != nil {
		return nil, wire.Target{}, nil, err
	}
	i, err := p.start(ctx, backend.Addr())
	if err != nil {
		_ = backend.Close()
		return nil, wire.Target{}, nil, err
	}
	return backend, wire.Target{Addr: i.addr, HTTP2: i.http2}, func() {
		i.stop()
		_ = backend.Close()
	}, nil
}

func key(c wire.Case) string { return c.Group + ": " + c.Name }

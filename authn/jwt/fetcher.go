package jwt

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// How often keys are fetched beyond the refresh.
const (
	firstRetry = time.Second // after a failure; doubles up to lastRetry
	lastRetry  = time.Minute

	issuerEvery = 10 * time.Second // for unknown keys, of one issuer
	issuerBurst = 5
	clientEvery = 30 * time.Second // for unknown keys, asked for by one address
	clientBurst = 2
	absentFor   = 30 * time.Second // a key that was looked for and not there
)

// A fetcher keeps a keyring fresh. Fetches happen one at a time.
type fetcher struct {
	ring     *keyring
	download func(ctx context.Context) ([]byte, error)
	refresh  time.Duration
	now      func() time.Time
	start    func(f func(ctx context.Context))
	log      *slog.Logger

	mu      sync.Mutex
	flight  *flight
	failed  int       // in a row
	retryAt time.Time // after a failure
	issuer  budget
	clients clientTable
	absent  absentTable
}

// A flight is one fetch, for all who wait for it. err is valid once done is closed.
type flight struct {
	done chan struct{}
	err  error
}

var errFetchPanicked = errors.New("fetching the keys panicked")

func newFetcher(env *pipeline.Env, ring *keyring, d *download, refresh time.Duration, now func() time.Time) *fetcher {
	return &fetcher{
		ring: ring, download: d.get, refresh: refresh, now: now, start: env.Go,
		log:    env.Logger().With("jwks_url", d.name()),
		absent: newAbsentTable(), clients: newClientTable(),
	}
}

// run fetches the keys whenever they are due, until ctx ends.
func (f *fetcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		if wait := f.due(); wait > 0 {
			sleep(ctx, wait)
			continue
		}
		select {
		case <-f.fly().done:
		case <-ctx.Done():
		}
	}
}

func sleep(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// due returns how long until the keys are to be fetched: a random part less
// than the refresh, so that gateways which were started together come apart,
// and the keys are never older than is declared.
func (f *fetcher) due() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed > 0 {
		return f.retryAt.Sub(f.now())
	}
	held := f.ring.held.Load()
	if held == nil {
		return 0
	}
	return held.at.Add(f.refresh - rand.N(f.refresh/10)).Sub(f.now())
}

// fly returns the flight that is under way, or starts one.
func (f *fetcher) fly() *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.flyLocked()
}

func (f *fetcher) flyLocked() *flight {
	if f.flight == nil {
		fl := &flight{done: make(chan struct{}), err: errFetchPanicked}
		f.flight = fl
		f.start(func(ctx context.Context) { f.do(ctx, fl) })
	}
	return f.flight
}

func (f *fetcher) do(ctx context.Context, fl *flight) {
	defer f.land(fl)
	raw, err := f.download(ctx)
	if err == nil {
		err = f.ring.take(raw, f.now(), f.log)
	}
	fl.err = err
}

// land ends a flight, also one that panicked.
func (f *fetcher) land(fl *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flight = nil
	if fl.err == nil {
		f.failed = 0
	} else {
		wait := backoff(f.failed, min(lastRetry, f.refresh))
		f.failed++
		f.retryAt = f.now().Add(wait)
		f.log.Warn("keys could not be fetched", "error", fl.err, "failed", f.failed, "retry_in", wait)
	}
	close(fl.done)
}

// backoff returns a wait that doubles, of which up to a half is random.
func backoff(failed int, most time.Duration) time.Duration {
	wait := min(firstRetry<<min(failed, 10), most)
	return wait - rand.N(wait/2)
}

// first returns the flight that may bring the first keys, or the first ones
// after the last have grown too old; nil while a failure is fresh.
func (f *fetcher) first() *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flight == nil && f.resting() {
		return nil
	}
	return f.flyLocked()
}

// resting reports whether the last fetch has failed a moment ago.
func (f *fetcher) resting() bool { return f.failed > 0 && f.now().Before(f.retryAt) }

// hunt returns the flight that may bring an unknown key; nil where none is
// worth it: the key was looked for a moment ago, or the issuer has been asked
// often enough, by this address or by all.
func (f *fetcher) hunt(id string, client netip.Addr) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	switch {
	case f.absent.has(id, now):
		return nil
	case f.flight != nil:
		return f.flight
	case f.resting() || !f.issuer.holds(now, issuerEvery, issuerBurst) || !f.clients.take(client, now):
		return nil
	}
	f.issuer.take(now, issuerEvery, issuerBurst)
	return f.flyLocked()
}

// missed remembers that a key is not there, though the keys are fresh.
func (f *fetcher) missed(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.absent.add(id, f.now().Add(absentFor))
}

// wait waits for the flight, no longer than the client or the request does.
func (fl *flight) wait(ctx context.Context, deadline time.Time) error {
	if !deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	select {
	case <-fl.done:
		return fl.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

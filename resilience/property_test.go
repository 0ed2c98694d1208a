package resilience_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

// A storm is exchanges of every sort and end, many at once.
type storm struct {
	t      *testing.T
	inside peak // in the backend
}

// A peak counts what is under way, and how much was at most.
type peak struct {
	mu        sync.Mutex
	now, most int
}

func (p *peak) enter() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now++
	p.most = max(p.most, p.now)
}

func (p *peak) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now--
}

// backend does at random what a backend may do.
func (s *storm) backend(random *rand.Rand) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		s.inside.enter()
		defer s.inside.leave()
		select {
		case <-time.After(time.Duration(random.IntN(50)) * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		resp := pipeline.Respond(x, 200, "text/plain", []byte("whole"))
		switch random.IntN(12) {
		case 0:
			panic("in a stage")
		case 1:
			return nil, &pipeline.UpstreamError{Kind: pipeline.UpstreamReset, Sent: true}
		case 2:
			return nil, &pipeline.UpstreamError{Kind: pipeline.UpstreamNoneReady}
		case 3:
			return nil, errors.New("odd")
		case 4:
			return nil, pipeline.Refuse(400, "bad", "")
		case 5:
			resp.StatusCode = 503
		case 6:
			resp.Body = http.NoBody
		case 7:
			resp.StatusCode = 101
		case 8:
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("begun"), iotest.ErrReader(errCut)))
		}
		return resp, nil
	}
}

// blow runs exchanges one after the other, each to some end.
func (s *storm) blow(seed uint64, n int, stages []pipeline.Stage) {
	random := rand.New(rand.NewPCG(seed, 1))
	serve := pipeline.Chain(s.backend(random), stages...)
	for range n {
		ctx, leave := context.WithCancel(context.Background())
		if random.IntN(4) == 0 {
			time.AfterFunc(time.Duration(random.IntN(40))*time.Millisecond, leave)
		}
		s.one(ctx, random, serve)
		leave()
		time.Sleep(time.Duration(random.IntN(5)) * time.Millisecond) // virtual
	}
}

func (s *storm) one(ctx context.Context, random *rand.Rand, serve pipeline.Handler) {
	x := request("GET", "")
	if random.IntN(3) == 0 {
		x.Deadline = time.Now().Add(time.Duration(random.IntN(20)) * time.Millisecond)
	}
	defer func() { require.NoError(s.t, x.Finish(&pipeline.Summary{})) }()
	defer func() { _ = recover() }()
	resp, err := serve(ctx, x)
	if err != nil {
		return
	}
	if random.IntN(3) > 0 {
		_, _ = io.Copy(io.Discard, resp.Body)
	}
	if random.IntN(5) > 0 { // who ends the exchange may have to do without
		_ = resp.Body.Close()
	}
}

func (s *storm) run(seed uint64, stages []pipeline.Stage) {
	var all sync.WaitGroup
	for i := range uint64(20) {
		all.Go(func() { s.blow(seed+i, 200, stages) })
	}
	all.Wait()
}

func TestNoTrialIsLostInAStorm(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		const trials = 3
		g := guard(t, resilience.BreakerConfig{
			ErrorRatio: 0.2, MinRequests: 5, Window: registry.Duration(time.Second),
			OpenFor: registry.Duration(20 * time.Millisecond), HalfOpen: trials,
			Slow: resilience.Slow{Over: registry.Duration(40 * time.Millisecond)},
		})
		s := &storm{t: t}
		s.run(seed, []pipeline.Stage{g.breaker.Stage("breaker")})
		require.Greater(t, g.breaker.Counts().Opened, uint64(3))

		time.Sleep(time.Second) // virtual
		g.calls(trials, status(200))
		require.Equal(t, resilience.BreakerClosed, g.breaker.State())
		require.Equal(t, int64(trials), g.came.Load())
	})
}

func TestNoMoreTrialsThanAllowedInAStorm(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		const trials = 2
		var under peak
		g := guard(t, resilience.BreakerConfig{ConsecutiveFailures: 1, OpenFor: registry.Duration(time.Second), HalfOpen: trials})
		trial := func(random *rand.Rand) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				under.enter()
				defer under.leave()
				time.Sleep(time.Duration(1+random.IntN(10)) * time.Millisecond) // virtual
				return nil, context.Canceled
			}
		}
		g.call(status(503))
		time.Sleep(time.Second) // virtual
		var all sync.WaitGroup
		for i := range uint64(20) {
			all.Go(func() {
				serve := g.breaker.Stage("breaker").Wrap(trial(rand.New(rand.NewPCG(seed, i))))
				for range 50 {
					_, _ = serve(t.Context(), request("GET", ""))
					time.Sleep(time.Millisecond) // virtual
				}
			})
		}
		all.Wait()
		require.Equal(t, trials, under.most)
		require.Equal(t, resilience.BreakerHalfOpen, g.breaker.State())
	})
}

func TestNoPlaceIsLostInAStorm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		waiting int
	}{{"none may wait", 0}, {"some may wait", 5}, {"all may wait", 100}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			synctest.Test(t, func(t *testing.T) {
				const places = 4
				b, err := resilience.NewBulkhead("api users", resilience.BulkheadConfig{MaxConcurrent: places, MaxWaiting: c.waiting})
				require.NoError(t, err)
				retry, err := resilience.NewRetry(resilience.RetryConfig{Attempts: 3})
				require.NoError(t, err)
				s := &storm{t: t}
				stages := append(retry, b.Stage("bulkhead"))
				pipeline.Sort(stages)
				s.run(seed, stages)
				require.Equal(t, places, s.inside.most)
				require.Zero(t, b.InFlight())
				require.Zero(t, b.Waiting())
			})
		})
	}
}

package upstream_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestWhatEjectsAnEndpoint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, state string
		ejects      bool
	}{
		{"no connection", "refused", true},
		{"a broken connection", "reset", true},
		{"no head in time", "silent", true},
		{"502", "502", true},
		{"503", "503", true},
		{"504", "504", true},
		{"not 500", "500", false},
		{"not 429", "429", false},
		{"not 404", "404", false},
		{"not 200", "200", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, of("ab", ejecting()), func(t *testing.T, w *world, up *upstream.Upstream) {
				w.set("a", c.state)
				for i := range 10 {
					require.Equal(t, "ab", ready(up), i)
					x := exchange(t, "GET", "/", nil)
					x.Hasten(time.Now().Add(time.Second))
					resp, err := up.Serve(t.Context(), x)
					if err == nil {
						require.NoError(t, resp.Body.Close())
					}
					if i == 8 {
						break
					}
				}
				if c.ejects {
					require.Equal(t, "b", ready(up), "the fifth failure of a")
					require.Equal(t, int64(5), status(up, "a").Failures)
					require.Equal(t, time.Now().Add(30*time.Second), status(up, "a").EjectedUntil)
				} else {
					require.Equal(t, "ab", ready(up))
				}
			})
		})
	}
}

func TestASuccessBeginsTheCountAnew(t *testing.T) {
	t.Parallel()
	bubble(t, of("ab", ejecting()), func(t *testing.T, w *world, up *upstream.Upstream) {
		for range 5 {
			w.set("a", "503")
			attempts(t, up, 8)
			require.Equal(t, int64(4), status(up, "a").Failures)
			w.set("a", "ok")
			attempts(t, up, 2)
			require.Zero(t, status(up, "a").Failures)
		}
		require.Equal(t, "ab", ready(up))
	})
}

func TestWhatTheClientBreaksOffIsNoFailure(t *testing.T) {
	t.Parallel()
	bubble(t, of("ab", ejecting()), func(t *testing.T, w *world, up *upstream.Upstream) {
		w.set("a", "silent")
		w.set("b", "silent")
		for range 20 {
			ctx, leave := context.WithTimeout(t.Context(), time.Second)
			_, err := up.Serve(ctx, exchange(t, "GET", "/", nil))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			leave()
		}
		late := exchange(t, "GET", "/", nil)
		late.Hasten(time.Now())
		for range 20 { // nothing was sent
			require.Equal(t, pipeline.UpstreamTimeout, fails(t, up.Serve, late).Kind)
		}
		require.Zero(t, status(up, "a").Failures)
		require.Zero(t, status(up, "b").Failures)
	})
}

func TestABrokenRequestBodyIsNoFailure(t *testing.T) {
	t.Parallel()
	bubble(t, of("ab", ejecting()), func(t *testing.T, _ *world, up *upstream.Upstream) {
		for range 20 {
			x := exchange(t, "POST", "/", nil)
			x.SetBody(cut{}, -1)
			resp, err := up.Serve(t.Context(), x)
			if err == nil {
				require.NoError(t, resp.Body.Close())
			}
		}
		require.Zero(t, status(up, "a").Failures)
	})
}

type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, errors.New("broken") }
func (cut) Close() error             { return nil }

func TestEjectionsAreOverInTimeAndDouble(t *testing.T) {
	t.Parallel()
	bubble(t, of("ab", ejecting(func(p *registry.PassiveHealth) {
		p.ConsecutiveFailures, p.EjectFor, p.MaxEjectFor = 2, registry.Duration(10*time.Second), registry.Duration(25*time.Second)
	})), func(t *testing.T, w *world, up *upstream.Upstream) {
		w.set("a", "503")
		attempts(t, up, 4)
		for _, want := range []time.Duration{10 * time.Second, 20 * time.Second, 25 * time.Second, 25 * time.Second} {
			require.Equal(t, "b", ready(up))
			pass(want - time.Millisecond)
			require.Equal(t, "b", ready(up), want)
			pass(time.Millisecond)
			require.Equal(t, "ab", ready(up), want)
			attempts(t, up, 2) // the first failure ejects again
		}
		pass(25 * time.Second)
		w.set("a", "ok")
		attempts(t, up, 2)
		require.Zero(t, status(up, "a").Failures)
		w.set("a", "503")
		attempts(t, up, 4)
		pass(10 * time.Second)
		require.Equal(t, "ab", ready(up), "a success forgives")
	})
}

func TestHowManyMayBeEjected(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, hosts string
		share       float64
		want        int
	}{
		{"half of them by default", "abcd", 0, 2},
		{"rounded down", "abcde", 0.5, 2},
		{"all but one", "abc", 1, 2},
		{"not the only one", "a", 1, 0},
		{"none where the share is too small", "abc", 0.3, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := ejecting(func(p *registry.PassiveHealth) { p.MaxEjected = c.share })
			bubble(t, of(c.hosts, h), func(t *testing.T, w *world, up *upstream.Upstream) {
				for _, host := range c.hosts {
					w.set(string(host), "refused")
				}
				attempts(t, up, 100)
				require.Len(t, ready(up), len(c.hosts)-c.want)
			})
		})
	}
}

func TestEjectionAloneLeavesNoneOut(t *testing.T) {
	t.Parallel()
	h := ejecting()
	h.Active = probing().Active
	bubble(t, of("ab", h), func(t *testing.T, w *world, up *upstream.Upstream) {
		w.set("a", "503")
		attempts(t, up, 10)
		require.Equal(t, "b", ready(up))
		w.set("probe b", "500")
		pass(12 * time.Second)
		require.Equal(t, "a", ready(up), "the only healthy one is used though it is ejected")
		w.set("a", "ok")
		attempts(t, up, 1)
		require.False(t, status(up, "a").EjectedUntil.IsZero(), "what is used for want of others stays ejected")
	})
}

func TestASmallerSetHasFewerEjected(t *testing.T) {
	t.Parallel()
	bubble(t, of("abcd", ejecting()), func(t *testing.T, w *world, up *upstream.Upstream) {
		w.set("a", "503")
		attempts(t, up, 20)
		pass(time.Second)
		w.set("b", "503")
		attempts(t, up, 20)
		require.Equal(t, "cd", ready(up))
		require.NoError(t, up.Update(of("abc", registry.Health{}).Endpoints))
		require.Equal(t, "ac", ready(up), "the one whose time is up soonest is readmitted")
	})
}

func TestANewUpstreamTakesOverEjections(t *testing.T) {
	t.Parallel()
	bubble(t, of("ab", ejecting()), func(t *testing.T, w *world, old *upstream.Upstream) {
		w.set("a", "503")
		attempts(t, old, 10)
		pass(10 * time.Second)
		next := newUpstream(t, of("ab", ejecting()), upstream.Options{Transport: w.transport, Go: running(t), Before: old})
		require.Equal(t, "b", ready(next))
		pass(20 * time.Second)
		require.Equal(t, "ab", ready(next), "for the time that is left")
		attempts(t, next, 2)
		require.Equal(t, "b", ready(next))
		pass(59 * time.Second)
		require.Equal(t, "b", ready(next), "twice as long")
		unwatched := newUpstream(t, of("ab", registry.Health{}), upstream.Options{Transport: w.transport, Before: next})
		require.Equal(t, "ab", ready(unwatched))
	})
}

func TestAnEndpointThatWasRemovedIsNotEjected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, log := newWorld(), &bytes.Buffer{}
		up := newUpstream(t, of("ab", ejecting(func(p *registry.PassiveHealth) { p.ConsecutiveFailures = 1 })),
			upstream.Options{Transport: w.transport, Go: running(t), Log: logTo(log)})
		w.set("a", "silent")
		done := make(chan struct{})
		x := exchange(t, "GET", "/", nil)
		x.Hasten(time.Now().Add(time.Second))
		go func() {
			defer close(done)
			_, _ = up.Serve(t.Context(), x)
		}()
		synctest.Wait()
		require.NoError(t, up.Update(of("bc", registry.Health{}).Endpoints))
		<-done
		require.Equal(t, "bc", ready(up))
		require.Empty(t, log.String(), "nobody is told of what is not there")
	})
}

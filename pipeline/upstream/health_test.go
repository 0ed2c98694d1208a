package upstream_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestProbesTakeAnEndpointOutAndBackIn(t *testing.T) {
	t.Parallel()
	bubble(t, of("ab", probing()), func(t *testing.T, w *world, up *upstream.Upstream) {
		require.Equal(t, "ab", ready(up), "healthy until probes say otherwise")
		w.set("probe a", "500")
		pass(8900 * time.Millisecond)
		require.Equal(t, "ab", ready(up), "two failures are not three")
		require.Equal(t, "status 500", status(up, "a").Reason)
		require.Equal(t, "healthy", status(up, "a").Health)
		pass(3 * time.Second)
		require.Equal(t, "b", ready(up))
		require.Equal(t, "unhealthy", status(up, "a").Health)
		attempts(t, up, 10)
		require.Equal(t, map[string]int{"b": 10}, w.served)

		w.set("probe a", "ok")
		for len(w.probesOf("a")) < 4 {
			pass(100 * time.Millisecond)
		}
		require.Equal(t, "b", ready(up), "one success is not two")
		pass(5600 * time.Millisecond)
		require.Equal(t, "ab", ready(up))
		require.Empty(t, status(up, "a").Reason)
		require.WithinDuration(t, time.Now(), status(up, "a").Probed, 5500*time.Millisecond)
	})
}

func TestAnAnswerInBetweenBeginsTheCountAnew(t *testing.T) {
	t.Parallel()
	bubble(t, of("a", probing()), func(t *testing.T, w *world, up *upstream.Upstream) {
		for i := range 12 {
			w.set("probe a", []string{"500", "500", "ok"}[i%3])
			for len(w.probesOf("a")) <= i {
				pass(100 * time.Millisecond)
			}
		}
		require.Equal(t, "a", ready(up))
	})
}

func TestWhereNoneIsHealthyNoneIsReady(t *testing.T) {
	t.Parallel()
	h := probing()
	h.Passive = &registry.PassiveHealth{}
	bubble(t, of("ab", h), func(t *testing.T, w *world, up *upstream.Upstream) {
		w.set("probe a", "refused")
		w.set("probe b", "503")
		pass(12 * time.Second)
		require.False(t, up.Status().Ready)
		err := fails(t, up.Serve, exchange(t, "GET", "/", nil))
		require.Equal(t, pipeline.UpstreamNoneReady, err.Kind)
		require.Equal(t, http.StatusServiceUnavailable, err.Status())
		require.Empty(t, w.served)
	})
}

func TestInitiallyUnhealthyEndpointsWaitForOneSuccess(t *testing.T) {
	t.Parallel()
	h := probing()
	h.Active.Initial = "unhealthy"
	bubble(t, of("ab", h), func(t *testing.T, w *world, up *upstream.Upstream) {
		require.Empty(t, ready(up))
		w.set("probe b", "500")
		pass(600 * time.Millisecond)
		require.Equal(t, "a", ready(up))
		w.set("probe b", "ok")
		pass(5600 * time.Millisecond)
		require.Equal(t, "a", ready(up), "after a failure it takes two")
		pass(5600 * time.Millisecond)
		require.Equal(t, "ab", ready(up))
	})
}

func TestWhatAProbeTakesForHealthy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		expect []int
		state  string
		want   string
	}{
		{"200 by default", nil, "200", ""},
		{"204 by default", nil, "204", ""},
		{"no redirect, which is not followed", nil, "302", "status 302"},
		{"a redirect that is expected", []int{302, 200}, "302", ""},
		{"not what is not listed", []int{204}, "200", "status 200"},
		{"no refusal to connect", nil, "refused", "dial: connection refused"},
		{"no broken connection", nil, "reset", "broken"},
		{"no silence", nil, "silent", "no answer in time"},
		{"no panic of a transport", nil, "panic", "panic: boom"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := probing()
			h.Active.HTTP.Expect, h.Active.Initial = c.expect, "unhealthy"
			bubble(t, of("a", h), func(t *testing.T, w *world, up *upstream.Upstream) {
				w.set("probe a", c.state)
				pass(2600 * time.Millisecond) // the first probe, and the 2s that it may take
				require.Equal(t, c.want, status(up, "a").Reason)
				require.Equal(t, c.want == "", up.Status().Ready)
			})
		})
	}
}

func TestWhatAProbeAsksFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, url, path, host, own string
		want                       probe
	}{
		{"by default the root of the endpoint", "http://a", "", "", "", probe{target: "/", sentTo: "a"}},
		{"a path with a query", "http://a:81", "/healthz?full=1", "", "", probe{target: "/healthz?full=1", sentTo: "a:81"}},
		{"after the path of the endpoint", "http://a/v1", "/healthz", "", "", probe{target: "/v1/healthz", sentTo: "a"}},
		{"the host of the upstream", "http://a", "/", "users.test", "", probe{target: "/", sentTo: "users.test"}},
		{"not the client's host", "http://a", "/", "preserve", "", probe{target: "/", sentTo: "a"}},
		{"a host of its own", "http://a", "/", "users.test", "probe.test", probe{target: "/", sentTo: "probe.test"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := registry.Upstream{Host: c.host, Endpoints: []registry.Endpoint{{URL: c.url}}, Health: probing()}
			u.Health.Active.HTTP.Path, u.Health.Active.HTTP.Host = c.path, c.own
			bubble(t, u, func(t *testing.T, w *world, _ *upstream.Upstream) {
				pass(time.Second)
				got := w.probes[0]
				require.Equal(t, c.want, probe{target: got.target, sentTo: got.sentTo})
				require.Equal(t, "GET", got.method)
			})
		})
	}
}

func TestProbesAreSpreadAndBounded(t *testing.T) {
	t.Parallel()
	u := registry.Upstream{Health: probing()}
	for i := range 60 {
		u.Endpoints = append(u.Endpoints, registry.Endpoint{URL: fmt.Sprintf("http://h%d", i)})
	}
	bubble(t, u, func(t *testing.T, w *world, _ *upstream.Upstream) {
		for i := range 60 {
			w.set(fmt.Sprintf("probe h%d", i), "silent")
		}
		pass(time.Minute)
		require.Equal(t, 16, w.most)
		distinct := map[time.Time]bool{}
		for _, p := range w.probes[:16] {
			distinct[p.at] = true
		}
		require.Greater(t, len(distinct), 8, "not all at the same moment")
	})
}

func TestTheIntervalIsKeptGiveOrTakeATenth(t *testing.T) {
	t.Parallel()
	bubble(t, of("a", probing()), func(t *testing.T, w *world, _ *upstream.Upstream) {
		pass(5 * time.Minute)
		times := w.probesOf("a")
		require.Greater(t, len(times), 50)
		for i := range times[1:] {
			require.InDelta(t, 5, times[i+1].Sub(times[i]).Seconds(), 0.51)
		}
	})
}

func TestUpdatesKeepWhatIsKnown(t *testing.T) {
	t.Parallel()
	bubble(t, of("ab", probing()), func(t *testing.T, w *world, up *upstream.Upstream) {
		w.set("probe a", "500")
		pass(12 * time.Second)
		require.NoError(t, up.Update(of("abc", registry.Health{}).Endpoints))
		require.Equal(t, "bc", ready(up))
		pass(time.Second)
		require.NotEmpty(t, w.probesOf("c"), "what is new is probed at once")
		require.NoError(t, up.Update(of("bc", registry.Health{}).Endpoints))
		pass(time.Second)
		left := len(w.probesOf("a"))
		pass(time.Minute)
		require.Len(t, w.probesOf("a"), left, "what has left is not probed")
		require.NoError(t, up.Update(of("abc", registry.Health{}).Endpoints))
		require.Equal(t, "abc", ready(up), "what comes back is new")
	})
}

func TestANewUpstreamTakesOverWhatIsKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		before registry.Health
		alter  func(h *registry.Health)
		want   string
	}{
		{"by the same probe at other times", probing(), func(h *registry.Health) { h.Active.Interval = registry.Duration(time.Second) }, "bc"},
		{"but not by another probe", probing(), func(h *registry.Health) { h.Active.HTTP = &registry.HTTPProbe{Path: "/up"} }, "abc"},
		{"what served serves on, whatever new ones begin as", probing(), func(h *registry.Health) {
			h.Active.HTTP, h.Active.Initial = &registry.HTTPProbe{Path: "/up"}, "unhealthy"
		}, "b"},
		{"what served unprobed serves on too", registry.Health{}, func(h *registry.Health) {
			h.Active = probing().Active
			h.Active.Initial = "unhealthy"
		}, "ab"},
		{"nothing where nothing is probed any more", probing(), func(h *registry.Health) { h.Active = nil }, "abc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, of("ab", c.before), func(t *testing.T, w *world, old *upstream.Upstream) {
				w.set("probe a", "500")
				pass(12 * time.Second)
				now := c.before
				if now.Active != nil {
					active := *now.Active
					now.Active = &active
				}
				c.alter(&now)
				next := newUpstream(t, of("abc", now), upstream.Options{Transport: w.transport, Go: running(t), Before: old})
				require.Equal(t, c.want, ready(next))
			})
		})
	}
}

func TestNothingIsProbedAfterClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, ended := newWorld(), make(chan struct{})
		up := newUpstream(t, of("ab", probing()), upstream.Options{Transport: w.transport, Go: func(f func(ctx context.Context)) {
			go func() {
				defer close(ended)
				f(context.Background())
			}()
		}})
		w.set("probe a", "silent")
		pass(time.Second)
		up.Close()
		<-ended
		n := len(w.probes)
		pass(time.Minute)
		require.Len(t, w.probes, n)
	})
}

func TestHealthNeedsSomebodyToStartIt(t *testing.T) {
	t.Parallel()
	for _, h := range []registry.Health{probing(), ejecting()} {
		_, err := upstream.New(of("a", h), upstream.Options{})
		require.Equal(t, "/health", registry.AsFaults(err)[0].Field)
	}
}

func TestBalancersGetTheSameSliceWhileHealthIsTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := newWorld(), fixed{make(chan []*upstream.Endpoint, 100)}
		up := newUpstream(t, of("abc", probing()), upstream.Options{Transport: w.transport, Balancer: f, Go: running(t)})
		picked := func() []*upstream.Endpoint {
			attempts(t, up, 1)
			return <-f.seen
		}
		before := picked()
		pass(time.Minute)
		require.Same(t, &before[0], &picked()[0])
		w.set("probe b", "500")
		pass(time.Minute)
		without := picked()
		require.Len(t, without, 2)
		require.Same(t, before[2], without[1], "by the same pointers")
		pass(2 * time.Hour) // the monitor has looked meanwhile
		require.Same(t, &without[0], &picked()[0])
		require.Len(t, before, 3, "and the set of before is left as it was")
	})
}

package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

// running starts what an upstream needs, and waits for it when the test ends.
func running(t testing.TB) func(f func(ctx context.Context)) {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	t.Cleanup(func() {
		end()
		wait.Wait()
	})
	return func(f func(ctx context.Context)) { wait.Go(func() { f(ctx) }) }
}

// A world is a network of endpoints without sockets. Each host is in a state:
// ok by default, a status, or a way to fail. States of probes stand under
// "probe " and the host.
type world struct {
	mu     sync.Mutex
	states map[string]string
	probes []probe
	served map[string]int
	now    int // probes under way
	most   int
}

type probe struct {
	host   string
	at     time.Time
	method string
	target string
	sentTo string
}

func newWorld() *world { return &world{states: map[string]string{}, served: map[string]int{}} }

func (w *world) set(name, state string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.states[name] = state
}

func (w *world) probesOf(host string) (times []time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.probes {
		if p.host == host {
			times = append(times, p.at)
		}
	}
	return times
}

func (w *world) transport(registry.Upstream, *http.Transport) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		name := r.URL.Host
		if r.Header.Get("User-Agent") == "gateway-health" {
			name = "probe " + name
			defer w.begin(r)()
		} else {
			w.mu.Lock()
			w.served[r.URL.Host]++
			w.mu.Unlock()
		}
		w.mu.Lock()
		state := w.states[name]
		w.mu.Unlock()
		return react(r, state)
	})
}

func (w *world) begin(r *http.Request) func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.probes = append(w.probes, probe{r.URL.Host, time.Now(), r.Method, r.URL.RequestURI(), r.Host})
	w.now++
	w.most = max(w.most, w.now)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.now--
	}
}

func react(r *http.Request, state string) (*http.Response, error) {
	status := http.StatusOK
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
	}
	switch state {
	case "", "ok":
	case "refused":
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	case "reset":
		return nil, errors.New("broken")
	case "silent":
		<-r.Context().Done()
		return nil, r.Context().Err()
	case "panic":
		panic("boom")
	default:
		_, _ = fmt.Sscan(state, &status)
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Location": {"http://a/ok"}}, Body: http.NoBody}, nil
}

// of returns the settings of an upstream with one endpoint for each letter.
func of(hosts string, h registry.Health) registry.Upstream {
	u := registry.Upstream{Health: h}
	for _, c := range hosts {
		u.Endpoints = append(u.Endpoints, registry.Endpoint{URL: "http://" + string(c)})
	}
	return u
}

func probing() registry.Health {
	return registry.Health{Active: &registry.ActiveHealth{HTTP: &registry.HTTPProbe{Path: "/healthz"}}}
}

func ejecting(alter ...func(p *registry.PassiveHealth)) registry.Health {
	p := &registry.PassiveHealth{}
	for _, f := range alter {
		f(p)
	}
	return registry.Health{Passive: p}
}

// ready returns the hosts of the endpoints that are ready.
func ready(up *upstream.Upstream) string {
	s := ""
	for _, e := range up.Status().Endpoints {
		if e.Ready {
			s += strings.TrimPrefix(e.URL, "http://")
		}
	}
	return s
}

func status(up *upstream.Upstream, host string) pipeline.EndpointStatus {
	all := up.Status().Endpoints
	return all[slices.IndexFunc(all, func(e pipeline.EndpointStatus) bool { return e.URL == "http://"+host })]
}

// pass lets time pass, and all that happens meanwhile happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// attempts makes n attempts and drops what comes.
func attempts(t testing.TB, up *upstream.Upstream, n int) {
	t.Helper()
	for range n {
		resp, err := up.Serve(t.Context(), exchange(t, "GET", "/", nil))
		if err == nil {
			require.NoError(t, resp.Body.Close())
		}
	}
}

// bubble runs a test in virtual time, on an upstream over a world.
func bubble(t *testing.T, u registry.Upstream, test func(t *testing.T, w *world, up *upstream.Upstream)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		test(t, w, newUpstream(t, u, upstream.Options{Transport: w.transport, Go: running(t)}))
	})
}

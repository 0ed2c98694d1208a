package upstream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

// eagerly is active health for tests that cannot do without real time.
func eagerly(a registry.ActiveHealth) registry.Health {
	a.Interval, a.Timeout = registry.Duration(20*time.Millisecond), registry.Duration(20*time.Millisecond)
	return registry.Health{Active: &a}
}

func becomes(t *testing.T, up *upstream.Upstream, isReady bool) {
	t.Helper()
	require.Eventually(t, func() bool { return up.Status().Ready == isReady }, 10*time.Second, time.Millisecond)
}

// A moody backend is as healthy as it is told to be.
type moody struct {
	sick atomic.Bool
	kept atomic.Int64 // probes that did not ask for a connection of their own
}

func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/healthz" {
		write(w, "ok")
		return
	}
	if !r.Close {
		m.kept.Add(1)
	}
	if m.sick.Load() {
		w.WriteHeader(http.StatusInternalServerError)
	}
	write(w, strings.Repeat("x", 1<<20))
}

func TestABackendThatFallsSickAndRecovers(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		m := &moody{}
		u := one(backend(t, m))
		u.Health = eagerly(registry.ActiveHealth{HTTP: &registry.HTTPProbe{Path: "/healthz"}, Initial: "unhealthy"})
		u.Health.Active.Interval, u.Health.Active.Timeout = registry.Duration(50*time.Millisecond), registry.Duration(50*time.Millisecond)
		up := newUpstream(t, by(client, u), upstream.Options{Go: running(t)})
		require.Equal(t, pipeline.UpstreamNoneReady, fails(t, up.Serve, exchange(t, "GET", "/", nil)).Kind)
		for _, sick := range []bool{false, true, false, true} {
			m.sick.Store(sick)
			becomes(t, up, !sick)
		}
		require.Zero(t, m.kept.Load(), "each probe has a connection of its own")
	})
}

func TestATCPProbeWantsAConnectionAndNoMore(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wait sync.WaitGroup
	defer wait.Wait()
	wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			said, _ := io.ReadAll(c)
			_ = c.Close()
			if len(said) > 0 {
				t.Errorf("the probe said %q", said)
			}
		}
	})
	u := one("http://" + l.Addr().String())
	u.Health = eagerly(registry.ActiveHealth{TCP: &registry.TCPProbe{}, Initial: "unhealthy"})
	up := newUpstream(t, u, upstream.Options{Go: running(t)})
	becomes(t, up, true)
	require.NoError(t, l.Close())
	becomes(t, up, false)
	require.Contains(t, up.Status().Endpoints[0].Reason, "refused")
}

func TestProbesVerifyCertificatesAsRequestsDo(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(&moody{})
	s.Config.ErrorLog = quiet
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600))
	u := one(s.URL)
	u.Health = registry.Health{Active: &registry.ActiveHealth{
		HTTP: &registry.HTTPProbe{Path: "/healthz"}, Initial: "unhealthy", Interval: registry.Duration(time.Second),
	}}
	stranger := newUpstream(t, u, upstream.Options{Go: running(t)})
	u.TLS.CAFile = ca
	known := newUpstream(t, u, upstream.Options{Go: running(t)})
	becomes(t, known, true)
	require.Eventually(t, func() bool {
		return strings.Contains(stranger.Status().Endpoints[0].Reason, "certificate")
	}, 10*time.Second, time.Millisecond)
	require.False(t, stranger.Status().Ready)
}

func TestHealthIsLogged(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var lines bytes.Buffer
	dead := nobody(t)
	u := one(dead)
	u.Health = eagerly(registry.ActiveHealth{TCP: &registry.TCPProbe{}})
	up := newUpstream(t, u, upstream.Options{Go: running(t), Log: logTo(locked{&mu, &lines})})
	becomes(t, up, false)
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.Contains(lines.String(), "endpoint is unhealthy")
	}, 10*time.Second, time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	require.Contains(t, lines.String(), "endpoint="+dead)
	require.Equal(t, 1, strings.Count(lines.String(), "\n"), "once, not with each probe")
}

type locked struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// under serves by many clients at once until enough have been served after
// each step, and returns how many were not.
func under(t *testing.T, serve pipeline.Handler, steps ...func()) (failed int64) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan struct{})
	var bad atomic.Int64
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for ctx.Err() == nil {
				if !serves(t, serve) {
					bad.Add(1)
				}
				select {
				case served <- struct{}{}:
				case <-ctx.Done():
				}
			}
		})
	}
	for _, step := range append(steps, func() {}) {
		for range 200 {
			<-served
		}
		step()
	}
	stop()
	wait.Wait()
	return bad.Load()
}

func serves(t *testing.T, serve pipeline.Handler) bool {
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	defer func() { _ = x.Finish(&pipeline.Summary{}) }()
	resp, err := serve(t.Context(), x)
	if err != nil {
		t.Log(err)
		return false
	}
	_, err = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return err == nil && resp.StatusCode == http.StatusOK
}

func TestABackendThatDiesUnderLoadIsSeenByNoClient(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { write(w, "ok") })
		for name, balancer := range map[string]upstream.Balancer{
			"round_robin": upstream.NewRoundRobin(), "least_connections": upstream.NewLeastConnections(),
			"random_two": upstream.NewRandomTwo(nil), "hash": newHash(t, upstream.HashConfig{}),
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				dying := httptest.NewServer(ok)
				u := registry.Upstream{
					Endpoints: []registry.Endpoint{{URL: dying.URL}, {URL: backend(t, ok)}, {URL: backend(t, ok)}},
					Health:    registry.Health{Passive: &registry.PassiveHealth{}},
				}
				up := newUpstream(t, by(client, u), upstream.Options{Go: running(t), Balancer: balancer})
				retry, err := resilience.NewRetry(resilience.RetryConfig{})
				require.NoError(t, err)
				kill := func() { dying.CloseClientConnections(); dying.Close() }
				require.Zero(t, under(t, pipeline.Chain(up.Serve, retry...), kill, func() {}))
				if name != "hash" { // whose one key may have had another endpoint
					require.False(t, up.Status().Endpoints[0].Ready, "it is ejected")
				}
				require.True(t, up.Status().Ready)
			})
		}
	})
}

package registryd_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/examples/internal/registryd"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/poll"
	"github.com/seed-f9645bd3/gateway/standard"
)

const document = `
schema: gateway/v1
version: "%s"
environment: production
upstreams:
  - name: b
    endpoints: [{url: "http://127.0.0.1:1"}]
apis:
  - name: users
    version: v1
    upstream: b
    policies:
      - authenticate: {any_of: [{api_key: {secret: {file: "%s"}}}]}
      - subscription
    routes:
      - {name: one, match: {path: /one}}
`

const secret = "0123456789abcdef0123456789abcdef"

func key(n int) string { return fmt.Sprintf("key-of-consumer-%06d", n) }

// consumer returns a subscription and a key.
func consumer(n int) []registry.Change {
	name := fmt.Sprint("consumer-", n)
	return []registry.Change{
		{Subscription: &registry.Subscription{ID: "s" + name, Consumer: name, API: "users/v1", Environment: "production", Active: true}},
		{Credential: &registry.Credential{ID: "k" + name, Consumer: name}, Sum: apikey.Sum([]byte(secret), []byte(key(n)))},
	}
}

// A world is a registry of n consumers with a gateway that polls it.
type world struct {
	t        *testing.T
	folder   string
	registry *registryd.Registry
	away     atomic.Pointer[http.HandlerFunc] // what the registry answers instead
	server   *httptest.Server
	timeout  time.Duration // of one request to the registry
	gateway  *gateway.Gateway
}

const interval = 200 * time.Millisecond

func newWorld(t *testing.T, n int, timeout time.Duration) *world {
	t.Helper()
	w := &world{t: t, folder: t.TempDir(), timeout: timeout}
	w.write("key-secret", secret)
	w.version("1")
	page := registry.Feed{Cursor: "1"}
	for i := range n {
		page.Changes = append(page.Changes, consumer(i)...)
	}
	raw, err := json.Marshal(page)
	if err != nil {
		t.Fatal(err)
	}
	w.write("directory.json", string(raw))
	if w.registry, err = registryd.New(w.folder); err != nil {
		t.Fatal(err)
	}
	w.server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.server.Close)
	w.gateway = w.start(filepath.Join(w.folder, "last-good.json"), gateway.LoadTimeout(2*time.Minute))
	return w
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	if h := w.away.Load(); h != nil {
		(*h)(rw, r)
		return
	}
	w.registry.ServeHTTP(rw, r)
}

func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) version(v string) {
	w.write("gateway.yaml", fmt.Sprintf(document, v, filepath.Join(w.folder, "key-secret")))
}

// start runs a gateway that polls the registry, until the test ends.
func (w *world) start(lastGood string, options ...gateway.Option) *gateway.Gateway {
	w.t.Helper()
	silent := slog.New(slog.DiscardHandler)
	source, err := poll.New(w.server.URL, poll.Interval(interval), poll.Timeout(w.timeout), poll.Logger(silent))
	if err != nil {
		w.t.Fatal(err)
	}
	g, err := gateway.New(gateway.Options(options...), standard.Kinds(), gateway.Source(source), gateway.LastGood(lastGood),
		gateway.Logger(silent), gateway.Upstream("b", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "ok") })))
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	select {
	case <-g.Ready():
	case err := <-done:
		done <- nil
		w.t.Fatal(err)
	}
	return g
}

// status is what the gateway answers to a consumer.
func status(g *gateway.Gateway, n int) int {
	r, w := httptest.NewRequest(http.MethodGet, "/one", nil), httptest.NewRecorder()
	r.Header.Set("X-API-Key", key(n))
	g.ServeHTTP(w, r)
	return w.Code
}

// post has the registry take changes.
func (w *world) post(changes ...registry.Change) {
	raw, err := json.Marshal(registry.Feed{Cursor: "x", Changes: changes})
	if err != nil {
		w.t.Error(err)
		return
	}
	rec := httptest.NewRecorder()
	w.registry.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/directory", strings.NewReader(string(raw))))
	if rec.Code != http.StatusOK {
		w.t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// await returns how long it took; what it waits for is a delay of real time.
func (w *world) await(what string, within time.Duration, is func() bool) time.Duration {
	w.t.Helper()
	start := time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !is() {
		if time.Since(start) > within {
			w.t.Fatalf("%s: not within %v", what, within)
		}
		<-tick.C
	}
	return time.Since(start)
}

// TestARevocationCountsWithinAnInterval churns a directory of 5,000 consumers
// (100,000 with GATEWAY_LOAD=full) at 1,000 changes a second: revocations count
// soon after, and nobody else is refused.
func TestARevocationCountsWithinAnInterval(t *testing.T) { // alone: it measures a delay
	n, period := 5_000, 2*time.Second
	if os.Getenv("GATEWAY_LOAD") == "full" {
		n, period = 100_000, 20*time.Second
	}
	w := newWorld(t, n, time.Minute)
	var wait sync.WaitGroup
	stop := make(chan struct{})
	wait.Go(func() { w.churn(n, stop) })
	defer wait.Wait()
	defer close(stop)

	var slowest time.Duration
	requests, revoked := 0, 0
	for end := time.Now().Add(period); time.Now().Before(end) && revoked < 1000; revoked++ {
		for range 100 {
			requests++
			if code := status(w.gateway, 1000+requests*7919%(n-1000)); code != http.StatusOK {
				t.Fatalf("a consumer was refused with %d", code)
			}
		}
		gone := consumer(revoked)[1]
		gone.Remove = true
		w.post(gone)
		is := func() bool { return status(w.gateway, revoked) == http.StatusUnauthorized }
		slowest = max(slowest, w.await("a revocation", 100*interval, is))
	}
	t.Logf("%d consumers, 1,000 changes a second: %d revocations, the slowest in force after %v at an interval of %v; %d requests of others, none refused",
		n, revoked, slowest, interval, requests)
}

// churn sets subscriptions anew, a thousand a second, until stop.
func (w *world) churn(n int, stop <-chan struct{}) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		var changes []registry.Change
		for range 20 {
			i++
			changes = append(changes, consumer(1000 + i*104729%(n-1000))[0])
		}
		w.post(changes...)
	}
}

func answers(body string, fields ...string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(fields); i += 2 {
			rw.Header().Set(fields[i], fields[i+1])
		}
		_, _ = io.WriteString(rw, body)
	}
}

func down(http.ResponseWriter, *http.Request)        { panic(http.ErrAbortHandler) }
func hanging(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// TestWhatTheRegistryDoesWrongIsNotServed takes the registry away in every way
// while requests go on.
func TestWhatTheRegistryDoesWrongIsNotServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10, time.Second)
	for i, c := range []struct {
		name string
		away http.HandlerFunc
	}{
		{"down", down},
		{"hanging", hanging},
		{"broken JSON", answers(`{"schema":`)},
		{"half a document", answers(`{"schema":"gateway/v1","routes":[`, "Content-Length", "100000")},
		{"well-formed nonsense", answers(`{"schema":"gateway/v1","routes":[{"name":"x","match":{"path":"/x"},"upstream":"nowhere"}]}`)},
	} {
		w.away.Store(&c.away)
		for end := time.Now().Add(2 * interval); time.Now().Before(end); {
			if code := status(w.gateway, 1); code != http.StatusOK {
				t.Fatalf("%s: refused with %d", c.name, code)
			}
		}
		version := fmt.Sprint(i + 2)
		w.version(version)
		w.away.Store(nil)
		took := w.await(c.name, time.Minute, func() bool { return w.gateway.Config().Version == version })
		t.Logf("%s: the next good version after %v", c.name, took)
	}
}

func TestAGatewayStartsWithoutItsRegistry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10, time.Second)
	good := filepath.Join(w.folder, "last-good.json")
	w.await("the last good configuration", time.Minute, func() bool { _, err := os.Stat(good); return err == nil })
	away := http.HandlerFunc(down)
	w.away.Store(&away)
	start := time.Now()
	g := w.start(good)
	t.Logf("serving after %v", time.Since(start))
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("serving only after %v", took)
	}
	if code := status(g, 1); code != http.StatusOK {
		t.Errorf("refused with %d", code)
	}
}

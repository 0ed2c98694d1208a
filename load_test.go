package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/gatewaytest/clienttest"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/header"
)

// A storm is what TestReloadsUnderLoad does.
type storm struct {
	reloads, routes, sockets, perSecond int
	over                                time.Duration
}

// ofSize returns the whole storm where GATEWAY_LOAD=full asks for it, and a
// tenth of it otherwise.
func ofSize(t testing.TB) storm {
	if os.Getenv("GATEWAY_LOAD") == "full" {
		return storm{reloads: 1000, routes: 200, sockets: 200, perSecond: 200, over: 50 * time.Second}
	}
	t.Log("a tenth of the load: GATEWAY_LOAD=full runs 1,000 reloads in 50 s")
	return storm{reloads: 60, routes: 200, sockets: 40, perSecond: 200, over: 3 * time.Second}
}

// idle is how long connections to the backends are kept. How many there are
// depends on how many requests once came together, so they have to be gone
// before anything is counted.
const idle = 500 * time.Millisecond

// document returns the snapshot of one version: route 0 answers with it, and
// the endpoints of the second upstream alternate.
func (s storm) document(version int, urls []string) *registry.Snapshot {
	doc := snapshot(fmt.Sprint(version))
	kept := registry.Connections{Idle: registry.Duration(idle)}
	doc.Upstreams = []registry.Upstream{
		{Name: "steady", Connections: kept, Endpoints: []registry.Endpoint{{URL: urls[0]}}},
		{Name: "moving", Connections: kept, Endpoints: []registry.Endpoint{{URL: urls[version%2]}, {URL: urls[2]}}},
	}
	for i := range s.routes - 2 {
		doc.Routes = append(doc.Routes, public(fmt.Sprintf("route-%d", i), fmt.Sprintf("/route-%d", i), []string{"steady", "moving"}[i%2]))
	}
	socket := public("socket", "/socket", "steady")
	socket.Upgrade = []string{"websocket"}
	altered := public("altered", "/altered", "steady", header.Policy(header.Config{
		Response: header.Edits{Set: map[string]string{"X-Version": fmt.Sprint(version)}},
	}))
	doc.Routes = append(doc.Routes, socket, altered)
	return clienttest.All(doc)
}

func TestReloadsUnderLoad(t *testing.T) { // alone: it measures the heap of the process
	s := ofSize(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/socket", echo)
	mux.Handle("/", text("ok"))
	var urls []string
	for range 3 {
		backend := httptest.NewServer(mux)
		t.Cleanup(backend.Close)
		urls = append(urls, backend.URL)
	}
	g, err := gateway.New(standardKinds(), gateway.Listen("127.0.0.1:0"), gateway.Snapshot(s.document(0, urls)),
		gateway.Draining(gateway.Drain{Delay: 100 * time.Millisecond}))
	require.NoError(t, err)
	end := running(t, g)
	base := awaitAddr(t, g)
	sockets := s.open(t, base)
	traffic := &traffic{base: base, routes: s.routes}

	s.blow(t, g, traffic, urls, 1, 20) // warm
	heap, goroutines := settle()
	took := s.blow(t, g, traffic, urls, 21, s.reloads)
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines+goroutines/20+4 },
		10*time.Second, 20*time.Millisecond, "goroutines are left: %d at the start", goroutines)
	heapAfter, goroutinesAfter := settle()

	for _, ws := range sockets {
		require.NoError(t, ws.Write(t.Context(), websocket.MessageText, []byte("still here")))
		_, got, err := ws.Read(t.Context())
		require.NoError(t, err, "a socket was cut")
		require.Equal(t, "still here", string(got))
		require.NoError(t, ws.CloseNow())
	}
	slices.Sort(took)
	t.Logf("%d reloads, %d requests (%d failed), %d sockets kept; in force after %v at the median, %v at p99, %v at the most; heap %d -> %d KiB, goroutines %d -> %d",
		s.reloads, traffic.sent.Load(), traffic.failed.Load(), len(sockets), took[len(took)/2], took[len(took)*99/100], took[len(took)-1],
		heap>>10, heapAfter>>10, goroutines, goroutinesAfter)
	require.Zero(t, traffic.failed.Load(), "%v", traffic.first.Load())
	require.LessOrEqual(t, float64(heapAfter), float64(heap)*1.05+float64(256<<10))
	require.Less(t, took[len(took)/2], 100*time.Millisecond, "the median: the most depends on what else the machine does")
	require.NoError(t, end())
}

func (s storm) open(t *testing.T, base string) []*websocket.Conn {
	var sockets []*websocket.Conn
	for range s.sockets {
		ws, _, err := websocket.Dial(t.Context(), "ws://"+base+"/socket", nil)
		require.NoError(t, err)
		sockets = append(sockets, ws)
	}
	return sockets
}

// blow applies n versions under traffic and returns the times between the call
// of Apply and the first answer by the new version.
func (s storm) blow(t *testing.T, g *gateway.Gateway, tr *traffic, urls []string, from, n int) (took []time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	done := tr.run(ctx, s.perSecond)
	tick := time.NewTicker(s.over / time.Duration(s.reloads))
	defer tick.Stop()
	for version := from; version < from+n; version++ {
		<-tick.C
		start := time.Now()
		require.NoError(t, g.Apply(ctx, registry.Update{Snapshot: s.document(version, urls)}))
		resp, err := http.Get("http://" + tr.base + "/altered")
		require.NoError(t, err)
		drain(resp.Body)
		require.Equal(t, fmt.Sprint(version), resp.Header.Get("X-Version"))
		took = append(took, time.Since(start))
	}
	cancel()
	<-done
	return took
}

// traffic sends requests at a steady rate, on kept and on new connections in
// turn.
type traffic struct {
	base         string
	routes       int
	sent, failed atomic.Int64
	first        atomic.Value
}

func (tr *traffic) run(ctx context.Context, perSecond int) (done chan struct{}) {
	done = make(chan struct{})
	kept := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	go func() {
		defer close(done)
		var wait sync.WaitGroup
		tick := time.NewTicker(time.Second / time.Duration(perSecond))
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				wait.Wait()
				kept.CloseIdleConnections()
				return
			case <-tick.C:
				wait.Go(func() { tr.send([]*http.Client{kept, fresh}[n%2], n) })
			}
		}
	}()
	return done
}

func (tr *traffic) send(c *http.Client, n int) {
	tr.sent.Add(1)
	path := fmt.Sprintf("/route-%d", n%(tr.routes-2))
	if n%10 == 0 {
		path = "/altered"
	}
	resp, err := c.Get("http://" + tr.base + path)
	if err == nil {
		body, readErr := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK && readErr == nil && string(body) == "ok" {
			return
		}
		err = fmt.Errorf("%s: status %d, body %q, %v", path, resp.StatusCode, body, readErr)
	}
	tr.failed.Add(1)
	tr.first.CompareAndSwap(nil, err.Error())
}

// settle waits until retired routes and closed connections are gone, and
// returns the live heap and the goroutines.
func settle() (heap uint64, goroutines int) {
	http.DefaultClient.CloseIdleConnections()
	goroutines = runtime.NumGoroutine()
	const step = 20 * time.Millisecond
	for quiet, all := step, step; quiet < 2*idle && all < 10*time.Second; quiet, all = quiet+step, all+step {
		time.Sleep(step)
		if now := runtime.NumGoroutine(); now != goroutines { // until nothing ends any more
			goroutines, quiet = now, 0
		}
	}
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc, goroutines
}

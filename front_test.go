package gateway_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
	"github.com/seed-f9645bd3/gateway/registry"
)

// full tells whether the load is that which the pages give figures of.
func full() bool { return os.Getenv("GATEWAY_LOAD") == "full" }

// front runs a whole gateway on a port of its own, before a backend that is
// reached by TCP, and returns its address. All paths lead to the backend.
func front(t testing.TB, backend http.Handler, c listen.Config, policies ...registry.Policy) string {
	t.Helper()
	behind := httptest.NewUnstartedServer(backend)
	behind.Config.ErrorLog = quiet()
	behind.Start()
	t.Cleanup(behind.Close)
	s := snapshot("1", public("all", "/{rest...}", "b", policies...))
	s.Upstreams = []registry.Upstream{{Name: "b", Endpoints: []registry.Endpoint{{URL: behind.URL}}}}
	g, err := gateway.New(standardKinds(), gateway.ListenWith("127.0.0.1:0", c), gateway.Snapshot(s),
		gateway.Draining(gateway.Drain{Deadline: time.Second}))
	require.NoError(t, err)
	end := running(t, g)
	t.Cleanup(func() { require.NoError(t, end()) })
	return awaitAddr(t, g)
}

// A footprint is what the process holds.
type footprint struct{ heap, stacks, resident uint64 }

// weigh collects what is garbage first.
func weigh(t testing.TB) footprint {
	t.Helper()
	runtime.GC()
	runtime.GC()
	return weighUncollected(t)
}

func weighUncollected(t testing.TB) footprint {
	t.Helper()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{m.HeapInuse, m.StackInuse, resident(t)}
}

func resident(t testing.TB) uint64 {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0 // elsewhere than on Linux
	}
	pages, err := strconv.ParseUint(strings.Fields(string(statm))[1], 10, 64)
	require.NoError(t, err)
	return pages * uint64(os.Getpagesize())
}

// beyond returns what of heap and stacks has come since before.
func (f footprint) beyond(before footprint) uint64 {
	now, then := f.heap+f.stacks, before.heap+before.stacks
	return max(now, then) - then
}

func (f footprint) String() string {
	return fmt.Sprintf("heap %d KiB, stacks %d KiB, resident %d KiB", f.heap>>10, f.stacks>>10, f.resident>>10)
}

// A neighbour is a client that does nothing wrong, at a steady rate, while
// others do.
type neighbour struct {
	cancel context.CancelFunc
	done   chan struct{}
	failed atomic.Int64
	first  atomic.Value

	mu   sync.Mutex
	took []time.Duration
}

func newNeighbour(t testing.TB, client *http.Client, url string, perSecond int) *neighbour {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	n := &neighbour{cancel: cancel, done: make(chan struct{})}
	t.Cleanup(n.stop)
	go n.run(ctx, client, url, perSecond)
	return n
}

func (n *neighbour) run(ctx context.Context, client *http.Client, url string, perSecond int) {
	defer close(n.done)
	var wait sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			wait.Wait()
			client.CloseIdleConnections()
			return
		case <-tick.C:
			wait.Go(func() { n.ask(client, url) })
		}
	}
}

func (n *neighbour) ask(client *http.Client, url string) {
	start := time.Now()
	resp, err := client.Get(url)
	if err == nil {
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("status %d: %s", resp.StatusCode, body)
		}
	}
	if err != nil {
		n.failed.Add(1)
		n.first.CompareAndSwap(nil, err.Error())
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.took = append(n.took, time.Since(start))
}

func (n *neighbour) stop() {
	n.cancel()
	<-n.done
}

// unharmed ends the neighbour, which has to have got every answer.
func (n *neighbour) unharmed(t testing.TB) {
	t.Helper()
	n.stop()
	require.Zero(t, n.failed.Load(), "%v", n.first.Load())
	require.NotEmpty(t, n.took)
	slices.Sort(n.took)
	t.Logf("beside it %d requests, none failed, median %v, p99 %v", len(n.took), n.took[len(n.took)/2], n.took[len(n.took)*99/100])
}

// A protocol is one way to speak to a listener.
type protocol struct {
	name, scheme string
	config       listen.Config
	client       *http.Client
}

// protocols are HTTP/1.1, and HTTP/2 over TLS.
func protocols(t testing.TB) []protocol {
	t.Helper()
	ca := gatewaytest.NewCA(t)
	h2 := new(http.Protocols)
	h2.SetHTTP2(true)
	return []protocol{
		{"HTTP/1.1", "http://", listen.Config{}, &http.Client{Transport: &http.Transport{}}},
		{"HTTP/2", "https://",
			listen.Config{TLS: &tls.Config{Certificates: []tls.Certificate{ca.Server("127.0.0.1")}}},
			&http.Client{Transport: &http.Transport{Protocols: h2, TLSClientConfig: &tls.Config{RootCAs: ca.Pool()}}}},
	}
}

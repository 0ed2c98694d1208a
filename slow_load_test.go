package gateway_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// sized answers GET /N with N bytes, and everything else with how many it read.
func sized(w http.ResponseWriter, r *http.Request) {
	var n int64
	if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err == nil && r.Method == http.MethodGet {
		w.Header().Set("Content-Length", fmt.Sprint(n))
		_, _ = io.CopyN(w, zeroes{}, n)
		return
	}
	read, _ := io.Copy(io.Discard, r.Body)
	fmt.Fprint(w, read)
}

// zeroes is an endless body.
type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { return len(p), nil }

// crowd opens n connections that all send the same first bytes, and returns
// when each was opened.
func crowd(t testing.TB, addr string, n int, first string) ([]net.Conn, []time.Time) {
	t.Helper()
	conns, opened := make([]net.Conn, n), make([]time.Time, n)
	for i := range conns {
		conn, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, err = io.WriteString(conn, first)
		require.NoError(t, err)
		conns[i], opened[i] = conn, time.Now()
	}
	return conns, opened
}

// trickle sends a byte on each connection every so often, until stopped.
func trickle(conns []net.Conn, every time.Duration) (stop func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
				for _, c := range conns {
					_, _ = c.Write([]byte("x")) // one that was cut is looked at elsewhere
				}
			}
		}
	}()
	return sync.OnceFunc(func() { close(over); <-done })
}

// cut requires that each connection is over once it has lived for as long as it
// may, and returns what was answered.
func cut(t testing.TB, conns []net.Conn, opened []time.Time, within time.Duration) (answers map[string]int) {
	t.Helper()
	answers = map[string]int{}
	ends := make(chan string, len(conns))
	for i, conn := range conns {
		go func() {
			_ = conn.SetReadDeadline(opened[i].Add(within))
			got, err := io.ReadAll(conn)
			if err, ok := err.(net.Error); ok && err.Timeout() {
				ends <- "not cut"
				return
			}
			status, _, _ := strings.Cut(string(got), "\r\n")
			ends <- status
		}()
	}
	for range conns {
		answers[<-ends]++
	}
	require.Zero(t, answers["not cut"], "not cut within %v: %v", within, answers)
	return answers
}

func TestManyHeadsThatTrickle(t *testing.T) { // alone: it measures the memory of the process
	n, most, within := 200, time.Second, 4*time.Second
	var c listen.Config
	if full() {
		n, within = 2000, 6*time.Second
	} else {
		c.ReadHeader = most
	}
	addr := front(t, text("ok"), c)
	beside := newNeighbour(t, &http.Client{}, "http://"+addr+"/x", 100)
	before := weigh(t)
	conns, opened := crowd(t, addr, n, "GET /x HTTP/1.1\r\nHost: h\r\nX-Slow: ")
	stop := trickle(conns, most/4)
	during := weigh(t)
	answers := cut(t, conns, opened, within)
	stop()
	each := during.beyond(before) / uint64(n)
	t.Logf("%d connections cost %d bytes each (%v, before %v), were cut within %v: %v", n, each, during, before, within, answers)
	require.LessOrEqual(t, each, uint64(64<<10))
	beside.unharmed(t)
}

func TestManyBodiesThatTrickle(t *testing.T) { // alone: it measures the memory of the process
	n, every, within := 50, 50*time.Millisecond, 5*time.Second
	c := listen.Config{Limits: listen.Limits{BodyGrace: 500 * time.Millisecond}}
	if full() {
		n, every, within = 500, 100*time.Millisecond, 20*time.Second
		c = listen.Config{}
	}
	addr := front(t, http.HandlerFunc(sized), c)
	beside := newNeighbour(t, &http.Client{}, "http://"+addr+"/10", 100)
	before := weigh(t)
	conns, opened := crowd(t, addr, n, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n")
	stop := trickle(conns, every)
	during := weigh(t)
	answers := cut(t, conns, opened, within)
	stop()
	t.Logf("%d uploads cost %d bytes each, their backend included, and were cut within %v: %v", n, during.beyond(before)/uint64(n), within, answers)
	require.Equal(t, n, answers["HTTP/1.1 408 Request Timeout"], "%v", answers)
	beside.unharmed(t)
}

func TestManyAnswersThatNobodyReads(t *testing.T) { // alone: it measures the memory of the process
	const size = 8 << 20
	n, stall := 40, 500*time.Millisecond
	var c listen.Config
	if full() {
		n, stall = 200, 30*time.Second
	} else {
		c.WriteStall = stall
	}
	var broken atomic.Int64
	addr := front(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sized(w, r); r.URL.Path == fmt.Sprint("/", size) {
			<-r.Context().Done() // of a whole answer it never is
			broken.Add(1)
		}
	}), c)
	beside := newNeighbour(t, &http.Client{}, "http://"+addr+"/10", 100)
	before := weigh(t)
	crowd(t, addr, n, fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: h\r\n\r\n", size))
	peak := before
	require.Eventually(t, func() bool {
		if now := weighUncollected(t); now.beyond(before) > peak.beyond(before) {
			peak = now
		}
		return broken.Load() == int64(n)
	}, stall+20*time.Second, stall/10, "all are cut")
	t.Logf("%d answers of 8 MiB cost %d KiB in all, their backend included (%v, before %v)", n, peak.beyond(before)>>10, peak, before)
	require.LessOrEqual(t, peak.beyond(before), uint64(64<<20))
	beside.unharmed(t)
}

func TestABodyBeyondItsBoundIsNotSwallowed(t *testing.T) {
	t.Parallel()
	const bound = 1 << 20
	size := int64(16 << 20)
	if full() {
		size = 64 << 20
	}
	for name, length := range map[string]int64{"of declared length": size, "in chunks": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range protocols(t) {
				var seen atomic.Int64
				backend := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					n, _ := io.Copy(io.Discard, r.Body)
					seen.Add(n)
				})
				addr := front(t, backend, p.config, transform.BodyPolicy(transform.BodyConfig{Max: registry.MiB}))
				req, err := http.NewRequest(http.MethodPost, p.scheme+addr+"/x", io.LimitReader(zeroes{}, size))
				require.NoError(t, err)
				req.ContentLength = length
				resp, err := p.client.Do(req)
				require.NoError(t, err, p.name)
				require.Contains(t, drain(resp.Body), "body_too_large", p.name)
				require.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode, p.name)
				require.LessOrEqual(t, seen.Load(), int64(bound), p.name)
				p.client.CloseIdleConnections()
			}
		})
	}
}

func TestLargeBodiesPassThroughWithoutBeingHeld(t *testing.T) { // alone: it measures the memory of the process
	size := int64(64 << 20)
	if full() {
		size = 512 << 20
	}
	for _, p := range protocols(t) {
		addr := front(t, http.HandlerFunc(sized), p.config, transform.BodyPolicy(transform.BodyConfig{Max: registry.GiB}))
		for _, way := range []string{"up", "down"} {
			before := weigh(t)
			peak, stop := watchHeap(t)
			start := time.Now()
			var resp *http.Response
			var err error
			if way == "up" {
				resp, err = p.client.Post(p.scheme+addr+"/x", "", io.LimitReader(zeroes{}, size))
			} else {
				resp, err = p.client.Get(p.scheme + addr + "/" + fmt.Sprint(size))
			}
			require.NoError(t, err)
			if way == "up" {
				require.Equal(t, fmt.Sprint(size), drain(resp.Body))
			} else {
				n, err := io.Copy(io.Discard, resp.Body)
				require.NoError(t, err)
				require.Equal(t, size, n)
				require.NoError(t, resp.Body.Close())
			}
			stop()
			grown := max(peak.Load(), before.heap+before.stacks) - before.heap - before.stacks
			t.Logf("%d MiB %s by %s in %v: heap and stacks grew by %d KiB at the most", size>>20, way, p.name, time.Since(start), grown>>10)
			require.LessOrEqual(t, grown, uint64(32<<20))
		}
		p.client.CloseIdleConnections()
	}
}

// watchHeap notes the most that heap and stacks come to.
func watchHeap(t testing.TB) (peak *atomic.Uint64, stop func()) {
	t.Helper()
	peak = &atomic.Uint64{}
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapInuse+m.StackInuse))
			select {
			case <-over:
				return
			case <-tick.C:
			}
		}
	}()
	return peak, func() { close(over); <-done }
}

func TestAnUploadIsPassedOnWhileItComes(t *testing.T) {
	t.Parallel()
	for _, p := range protocols(t) {
		first := make(chan string, 1)
		backend := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			part := make([]byte, 5)
			_, _ = io.ReadFull(r.Body, part)
			first <- string(part)
			rest, _ := io.ReadAll(r.Body)
			_, _ = w.Write(bytes.ToUpper(rest))
		})
		addr := front(t, backend, p.config)
		body, feed := io.Pipe()
		go func() {
			_, _ = io.WriteString(feed, "first")
			if got := <-first; got != "first" {
				_ = feed.CloseWithError(fmt.Errorf("the backend saw %q", got))
				return
			}
			_, _ = io.WriteString(feed, "rest")
			_ = feed.Close()
		}()
		resp, err := p.client.Post(p.scheme+addr+"/x", "", body)
		require.NoError(t, err, p.name)
		require.Equal(t, "REST", drain(resp.Body), p.name)
		p.client.CloseIdleConnections()
	}
}

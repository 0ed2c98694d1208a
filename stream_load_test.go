package gateway_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform"
)

// A pulse is a stream of chunks, each of which says when it was sent.
type pulse struct {
	name   string
	chunks int
	begin  func(w http.ResponseWriter, r *http.Request) (to io.Writer, end func())
}

const pulseBytes = 64

func pulses(chunks int) []pulse {
	flushed := func(set func(h http.Header)) func(http.ResponseWriter, *http.Request) (io.Writer, func()) {
		return func(w http.ResponseWriter, _ *http.Request) (io.Writer, func()) {
			set(w.Header())
			return flusher{w}, func() {}
		}
	}
	return []pulse{
		{"SSE", chunks, flushed(func(h http.Header) { h.Set("Content-Type", "text/event-stream") })},
		{"NDJSON", chunks, flushed(func(h http.Header) { h.Set("Content-Type", "application/x-ndjson") })},
		{"Content-Length", chunks, flushed(func(h http.Header) { h.Set("Content-Length", fmt.Sprint(chunks*pulseBytes)) })},
		{"close-delimited", chunks, func(w http.ResponseWriter, _ *http.Request) (io.Writer, func()) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return io.Discard, func() {}
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
			return conn, func() { _ = conn.Close() }
		}},
	}
}

// A flusher sends what is written at once.
type flusher struct{ http.ResponseWriter }

func (f flusher) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	if err == nil {
		err = http.NewResponseController(f.ResponseWriter).Flush()
	}
	return n, err
}

// send sends the chunks.
func (p pulse) send(base time.Time) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		to, end := p.begin(w, r)
		defer end()
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for range p.chunks {
			<-tick.C
			chunk := make([]byte, pulseBytes)
			binary.BigEndian.PutUint64(chunk, uint64(time.Since(base)))
			if _, err := to.Write(chunk); err != nil {
				return
			}
		}
	}
}

// delays returns how long each chunk took, the shortest first.
func (p pulse) delays(t testing.TB, url string, base time.Time) []time.Duration {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	resp, err := client.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	var took []time.Duration
	chunk := make([]byte, pulseBytes)
	for range p.chunks {
		_, err := io.ReadFull(resp.Body, chunk)
		require.NoError(t, err, p.name)
		took = append(took, time.Since(base)-time.Duration(binary.BigEndian.Uint64(chunk)))
	}
	slices.Sort(took)
	return took
}

func TestStreamsAreNotHeldBack(t *testing.T) { // alone: it measures time
	chunks, most := 100, 5*time.Millisecond
	if full() {
		chunks, most = 250, 500*time.Microsecond
	}
	for _, p := range pulses(chunks) {
		base := time.Now()
		direct := httptest.NewServer(p.send(base))
		t.Cleanup(direct.Close)
		addr := front(t, p.send(base), listen.Config{})
		plain, through := p.delays(t, direct.URL, base), p.delays(t, "http://"+addr+"/x", base)
		added := through[chunks/2] - plain[chunks/2]
		t.Logf("%s: %d chunks took %v at the median, %v at p99; direct %v, %v; added %v",
			p.name, chunks, through[chunks/2], through[chunks*99/100], plain[chunks/2], plain[chunks*99/100], added)
		require.LessOrEqual(t, added, most, p.name)
	}
}

// stuck returns how much could be written once no more of it goes through.
func stuck(written *atomic.Int64) int64 {
	last, since := written.Load(), time.Now()
	for time.Since(since) < 300*time.Millisecond {
		if now := written.Load(); now != last {
			last, since = now, time.Now()
		}
		<-time.After(10 * time.Millisecond)
	}
	return last
}

// push writes until it cannot.
func push(w io.Writer, written *atomic.Int64) {
	p := make([]byte, 16<<10)
	for {
		n, err := w.Write(p)
		written.Add(int64(n))
		if err != nil {
			return
		}
	}
}

func TestLittleIsSwallowedAheadOfAPeerThatStalls(t *testing.T) {
	t.Parallel()
	const most = 16 << 20
	for _, p := range protocols(t) {
		var down atomic.Int64
		release := make(chan struct{})
		addr := front(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				push(w, &down)
				return
			}
			<-release // and reads nothing
		}), p.config, transform.BodyPolicy(transform.BodyConfig{Max: registry.GiB}))

		resp, err := p.client.Get(p.scheme + addr + "/x")
		require.NoError(t, err)
		n := stuck(&down)
		t.Logf("%d KiB of an answer by %s that nobody reads", n>>10, p.name)
		require.LessOrEqual(t, n, int64(most), "an answer by %s", p.name)
		require.NoError(t, resp.Body.Close())

		var up atomic.Int64
		body, feed := io.Pipe()
		go push(feed, &up)
		done := make(chan struct{})
		go func() {
			defer close(done)
			if resp, err := p.client.Post(p.scheme+addr+"/x", "", body); err == nil {
				_ = resp.Body.Close()
			}
		}()
		n = stuck(&up)
		t.Logf("%d KiB of an upload by %s that nobody reads", n>>10, p.name)
		require.LessOrEqual(t, n, int64(most), "an upload by %s", p.name)
		close(release)
		_ = feed.Close()
		<-done
		p.client.CloseIdleConnections()
	}
}

func TestABackendLearnsOfClientsThatLeave(t *testing.T) { // alone: it measures time
	most := 200 * time.Millisecond
	if full() {
		most = 5 * time.Millisecond
	}
	read, left := make(chan struct{}), make(chan time.Time)
	addr := front(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		read <- struct{}{}
		<-r.Context().Done()
		left <- time.Now()
	}), listen.Config{})
	var took []time.Duration
	for range 100 {
		conn, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		_, err = io.WriteString(conn, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n"+strings.Repeat("x", 100))
		require.NoError(t, err)
		<-read
		start := time.Now()
		require.NoError(t, conn.Close())
		took = append(took, (<-left).Sub(start))
	}
	slices.Sort(took)
	t.Logf("100 clients left: known to the backend after %v at the median, %v at the most", took[50], took[99])
	require.LessOrEqual(t, took[50], most)
}

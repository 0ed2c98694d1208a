package gateway_test

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

// pouring sends events for as long as they are taken, and answers everything
// but /stream with a line.
func pouring(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/stream" {
		_, _ = io.WriteString(w, "a line")
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	events := []byte(strings.Repeat(`data: {"choices":[{"delta":{"content":" word"}}],"usage":null}`+"\n\n", 64))
	for {
		if _, err := w.Write(events); err != nil {
			return
		}
		runtime.Gosched() // what is measured is the gateway
	}
}

// A pour is a client that takes events as fast as they come.
type pour struct{ read atomic.Int64 }

func (p *pour) run(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := resp.Body.Read(buf)
		p.read.Add(int64(n))
		runtime.Gosched()
		if err != nil {
			return err
		}
	}
}

// TestStreamsWithoutEndStarveNobody has clients take event streams as fast as
// they can, counted and bounded, on all cores that there are, and another ask
// for small things meanwhile: it is answered, and the streams share alike.
func TestStreamsWithoutEndStarveNobody(t *testing.T) { // alone: it measures time
	streams, long, most := 4, time.Second, 2*time.Second
	if full() {
		streams, long, most = 16, 10*time.Second, 50*time.Millisecond
	}
	policies := []registry.Policy{
		ratelimit.UnitPolicy(ratelimit.UnitConfig{Unit: "tokens", Per: "address", Rate: registry.Rate{Count: 1e9, Per: time.Second}, Over: "cut"}),
		ratelimit.InFlightPolicy(ratelimit.InFlightConfig{Per: "address", Max: 100}),
	}
	for _, p := range protocols(t) {
		addr := front(t, http.HandlerFunc(pouring), p.config, policies...)
		quiet := newNeighbour(t, p.client, p.scheme+addr+"/small", 100)
		time.AfterFunc(long/2, quiet.cancel)
		<-quiet.done
		quiet.unharmed(t)

		ctx, end := context.WithTimeout(t.Context(), long)
		defer end()
		pours := make([]pour, streams)
		var all sync.WaitGroup
		for i := range pours {
			client := &http.Client{Transport: p.client.Transport.(*http.Transport).Clone()}
			all.Go(func() {
				defer client.CloseIdleConnections()
				_ = pours[i].run(ctx, client, p.scheme+addr+"/stream")
			})
		}
		beside := newNeighbour(t, p.client, p.scheme+addr+"/small", 100)
		<-ctx.Done()
		beside.unharmed(t)
		all.Wait()
		var read []int64
		for i := range pours {
			read = append(read, pours[i].read.Load())
		}
		slices.Sort(read)
		t.Logf("%s: %d streams took %d to %d MiB each in %v", p.name, streams, read[0]>>20, read[len(read)-1]>>20, long)
		require.Positive(t, read[0], "no stream starves either")
		p99 := beside.took[len(beside.took)*99/100]
		require.LessOrEqual(t, p99, most, p.name)
		if full() {
			require.Greater(t, 4*read[0], read[len(read)-1], "the streams share alike")
		}
	}
}

package gateway_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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
// they can, counted and bounded, through a gateway with a process of its own,
// and another ask for small things meanwhile: it is answered, and no stream
// starves either.
func TestStreamsWithoutEndStarveNobody(t *testing.T) { // alone: it measures time
	streams, long, most := 4, time.Second, 2*time.Second
	if full() {
		streams, long, most = 16, 10*time.Second, 100*time.Millisecond
	}
	behind := httptest.NewServer(http.HandlerFunc(pouring))
	t.Cleanup(behind.Close)
	g := flooded(t, behind.URL)
	for _, proto := range []string{"HTTP/1.1", "HTTP/2"} {
		client := func() *http.Client {
			c := insecure()
			if proto == "HTTP/1.1" {
				c.Transport.(*http.Transport).ForceAttemptHTTP2 = false
				c.Transport.(*http.Transport).Protocols = new(http.Protocols)
				c.Transport.(*http.Transport).Protocols.SetHTTP1(true)
			}
			return c
		}
		quiet := newNeighbour(t, client(), "https://"+g.addr+"/small", 100)
		time.AfterFunc(long/2, quiet.cancel)
		<-quiet.done
		quiet.unharmed(t)

		ctx, end := context.WithTimeout(t.Context(), long)
		defer end()
		pours := make([]pour, streams)
		var all sync.WaitGroup
		for i := range pours {
			all.Go(func() {
				c := client()
				defer c.CloseIdleConnections()
				_ = pours[i].run(ctx, c, "https://"+g.addr+"/stream")
			})
		}
		beside := newNeighbour(t, client(), "https://"+g.addr+"/small", 100)
		<-ctx.Done()
		beside.unharmed(t)
		all.Wait()
		var read []int64
		for i := range pours {
			read = append(read, pours[i].read.Load())
		}
		slices.Sort(read)
		t.Logf("%s: %d streams took %d to %d MiB each in %v", proto, streams, read[0]>>20, read[len(read)-1]>>20, long)
		require.Positive(t, read[0], "no stream starves either")
		require.LessOrEqual(t, beside.took[len(beside.took)*99/100], most, proto)
	}
}

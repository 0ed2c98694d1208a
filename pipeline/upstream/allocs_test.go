package upstream_test

import (
	"context"
	"net"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
)

// TestAServedRequestAllocatesFiveTimes holds what a plain request costs on the
// way to a backend: the attempt with its answer, the head, and the two parts of
// its map with the array of its values.
func TestAServedRequestAllocatesFiveTimes(t *testing.T) { // AllocsPerRun wants the process for itself
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wait sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wait.Wait() })
	wait.Go(func() { answerBare(l) })
	up := newUpstream(t, one("http://"+l.Addr().String()), upstream.Options{})
	in := httptest.NewRequest("GET", "http://a.test/users/7?a=b", nil)
	in.Header.Set("Accept", "application/json")
	x := &pipeline.Exchange{}
	buf, summary := make([]byte, 4<<10), &pipeline.Summary{}
	ctx := context.Background()
	allocs := testing.AllocsPerRun(500, func() {
		*x = pipeline.Exchange{In: in, Scheme: "http"}
		x.Set("X-A", "1")
		resp, err := up.Serve(ctx, x)
		if err != nil {
			panic(err)
		}
		for err == nil {
			_, err = resp.Body.Read(buf)
		}
		_ = resp.Body.Close()
		_ = x.Finish(summary)
	})
	require.LessOrEqual(t, allocs, 5.0)
}

// answerBare serves one connection, and allocates nothing while it does.
func answerBare(l net.Listener) {
	c, err := l.Accept()
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	text := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Length: 2\r\n\r\nhi")
	buf := make([]byte, 4<<10)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
		if _, err := c.Write(text); err != nil {
			return
		}
	}
}

package upstream

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"time"
)

// errRaw says that what a handler wrote to a hijacked connection is no
// response.
var errRaw = errors.New("no response on the hijacked connection")

var errFlushed = errors.New("upstream: the response has begun")

// A tunnel is the gateway's end of a connection that a handler has hijacked.
type tunnel struct {
	net.Conn
	call   *call
	reader io.Reader
}

// Read implements io.Reader.
func (t *tunnel) Read(p []byte) (int, error) { return t.reader.Read(p) }

// Close implements io.Closer.
func (t *tunnel) Close() error {
	t.call.give(errEnded)
	return nil
}

// Hijack implements http.Hijacker. Where the handler has said 101, the head is
// handed over as it stands; else the handler writes it to the connection.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	switch {
	case w.hijacked:
		return nil, nil, http.ErrHijacked
	case w.sent, w.status != 0 && w.status != http.StatusSwitchingProtocols:
		return nil, nil, errFlushed
	}
	inside, outside := net.Pipe()
	if !w.call.keep(inside) {
		_ = inside.Close() // nobody has the other end
		return nil, nil, errEnded
	}
	w.hijacked = true
	t := &tunnel{Conn: inside, call: w.call, reader: inside}
	if w.status == http.StatusSwitchingProtocols {
		resp := w.response(-1)
		resp.Body = t
		w.call.heads <- head{resp: resp}
	} else {
		w.call.heads <- head{raw: t}
	}
	return outside, bufio.NewReadWriter(bufio.NewReader(outside), bufio.NewWriter(outside)), nil
}

// hangUp closes the tunnel of a handler that panicked.
func (c *call) hangUp() {
	c.mu.Lock()
	t := c.tunnel
	c.mu.Unlock()
	if t != nil {
		_ = t.Close() // both ends are in this process
	}
}

// readRaw reads the head of a response from a hijacked connection.
func (c *call) readRaw(ctx context.Context, timeout <-chan time.Time, t *tunnel) (*http.Response, error) {
	done, late := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(late)
		select {
		case <-done:
		case <-ctx.Done():
			c.give(ctx.Err())
		case <-timeout:
			c.give(errHeadTimeout)
		}
	}()
	resp, err := c.parse(t)
	close(done)
	<-late
	if err != nil {
		return nil, errors.Join(errRaw, c.gaveUp(), err)
	}
	return resp, nil
}

func (c *call) gaveUp() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over
}

func (c *call) parse(t *tunnel) (*http.Response, error) {
	bounded := &io.LimitedReader{R: t.Conn, N: maxResponseHead}
	reader := bufio.NewReader(bounded)
	t.reader = reader
	for range maxInterims + 1 {
		resp, err := http.ReadResponse(reader, c.writer.req)
		switch {
		case err != nil:
			return nil, err
		case resp.StatusCode == http.StatusSwitchingProtocols:
			bounded.N = math.MaxInt64
			resp.Body = t
			return resp, nil
		case resp.StatusCode >= 200:
			bounded.N = math.MaxInt64
			resp.Body = rawBody{resp.Body, t}
			return resp, nil
		}
		c.interim(resp.StatusCode, resp.Header)
	}
	return nil, errInterims
}

// A rawBody is the body of a response other than 101 on a hijacked connection.
type rawBody struct {
	io.Reader
	tunnel *tunnel
}

func (b rawBody) Close() error { return b.tunnel.Close() }

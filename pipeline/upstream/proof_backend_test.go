package upstream_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A peer is one accepted connection of a backend that writes bytes of its own.
type peer struct {
	*net.TCPConn
	out    io.Writer // the connection, or TLS on it; in reads from the same
	in     *bufio.Reader
	number int           // of the connections of this backend, from 1
	idle   atomic.Bool   // it waits for a request
	gone   chan struct{} // closed when the test is over
}

// A wire is a backend on loopback that does with each connection what serve
// says. It is closed, and waited for, when the test ends.
type wire struct {
	url      string
	listener *net.TCPListener
	accepted atomic.Int64
	wait     sync.WaitGroup
	over     chan struct{}

	mu    sync.Mutex
	none  *sync.Cond // told when a connection has ended
	serve func(p *peer)
	peers map[*peer]bool
	done  bool
}

func newWire(t testing.TB, serve func(p *peer)) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{url: "http://" + l.Addr().String(), listener: l.(*net.TCPListener), serve: serve, peers: map[*peer]bool{}, over: make(chan struct{})}
	w.none = sync.NewCond(&w.mu)
	w.wait.Go(w.accept)
	t.Cleanup(w.close)
	return w
}

func (w *wire) accept() {
	for {
		c, err := w.listener.AcceptTCP()
		if err != nil {
			return
		}
		p := &peer{TCPConn: c, out: c, in: bufio.NewReader(c), number: int(w.accepted.Add(1)), gone: w.over}
		serve := w.note(p)
		if serve == nil {
			_ = c.Close()
			return
		}
		go func() {
			defer w.forget(p)
			serve(p)
		}()
	}
}

// note takes a connection on, and returns what serves it; nil at the end.
func (w *wire) note(p *peer) func(p *peer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return nil
	}
	w.peers[p] = true
	return w.serve
}

func (w *wire) forget(p *peer) {
	_ = p.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.peers, p)
	w.none.Broadcast()
}

// begin has another function serve, from connection 1 on. Many backends one
// after the other have one address so: each would keep its port for a minute.
func (w *wire) begin(serve func(p *peer)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serve = serve
	w.accepted.Store(0)
}

// clear ends all connections, and waits for those who serve them.
func (w *wire) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for p := range w.peers {
		_ = p.Close()
	}
	for len(w.peers) > 0 {
		w.none.Wait()
	}
}

// open returns how many connections the backend has.
func (w *wire) open() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.peers)
}

// some returns one of the connections, nil where there is none.
func (w *wire) some() *peer {
	w.mu.Lock()
	defer w.mu.Unlock()
	for p := range w.peers {
		return p
	}
	return nil
}

func (w *wire) close() {
	_ = w.listener.Close()
	close(w.over)
	w.mu.Lock()
	w.done = true
	w.mu.Unlock()
	w.clear()
	w.wait.Wait()
}

// request reads the head of the next request.
func (p *peer) request() (*http.Request, error) { return http.ReadRequest(p.in) }

// whole reads the next request with its body, and drops that.
func (p *peer) whole() (*http.Request, error) {
	r, err := p.request()
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, r.Body)
	return r, err
}

// says writes s; whether it can be read does not concern who writes it.
func (p *peer) says(s string) { _, _ = io.WriteString(p.out, s) }

// encrypted has the backend speak TLS: what it says at once is one record, as
// long as it fits.
func (p *peer) encrypted(config *tls.Config) *peer {
	c := tls.Server(p.TCPConn, config)
	p.out, p.in = c, bufio.NewReader(c)
	return p
}

// tlsConfig returns the settings of a backend with a certificate of its own.
func tlsConfig() *tls.Config {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	s.Close()
	return &tls.Config{Certificates: s.TLS.Certificates, DynamicRecordSizingDisabled: true}
}

// overTLS returns settings to reach a wire that speaks TLS.
func overTLS(w *wire) registry.Upstream {
	settings := by(direct, one("https"+strings.TrimPrefix(w.url, "http")))
	settings.TLS.InsecureSkipVerify, settings.Connections.HTTP2 = true, "off"
	return settings
}

// dribbles writes s byte by byte.
func (p *peer) dribbles(s string) {
	for i := range len(s) {
		p.says(s[i : i+1])
	}
}

// resets ends the connection by RST.
func (p *peer) resets() {
	_ = p.SetLinger(0)
	_ = p.Close()
}

// outlasts waits until the other side ends the connection, and reports whether
// it did so within the time.
func (p *peer) outlasts(d time.Duration) bool {
	_ = p.SetReadDeadline(time.Now().Add(d))
	_, err := io.Copy(io.Discard, p.in)
	var late net.Error
	return !errors.As(err, &late) || !late.Timeout()
}

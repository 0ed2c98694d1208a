package upstream

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// Defaults and bounds of the connections to backends.
const (
	defaultMaxPerEndpoint  = 1024
	defaultIdlePerEndpoint = 64
	defaultIdle            = 90 * time.Second
	defaultDial            = 2 * time.Second
	defaultTLSHandshake    = 5 * time.Second
	defaultResponseHead    = 60 * time.Second
	expectContinue         = time.Second
	keepAlive              = 15 * time.Second
	pingAfter              = 30 * time.Second
	pingTimeout            = 15 * time.Second
	maxResponseHead        = 64 << 10
)

// newTransport returns the transport of one endpoint. Nothing of the
// environment counts, bodies pass as they are, and no redirect is followed:
// a RoundTripper never does.
func newTransport(u registry.Upstream, tlsConfig *tls.Config) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(u.Connections.HTTP2 != "off")
	c, t := u.Connections, u.Timeouts
	return &http.Transport{
		DialContext:            dialer(t.Dial.Or(defaultDial)),
		TLSClientConfig:        tlsConfig.Clone(),
		TLSHandshakeTimeout:    t.TLSHandshake.Or(defaultTLSHandshake),
		DisableCompression:     true,
		MaxConnsPerHost:        or(c.MaxPerEndpoint, defaultMaxPerEndpoint),
		MaxIdleConnsPerHost:    or(c.IdlePerEndpoint, defaultIdlePerEndpoint),
		IdleConnTimeout:        c.Idle.Or(defaultIdle),
		ResponseHeaderTimeout:  t.ResponseHead.Or(defaultResponseHead),
		ExpectContinueTimeout:  expectContinue,
		MaxResponseHeaderBytes: maxResponseHead,
		Protocols:              protocols,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
	}
}

func or(n, other int) int {
	if n == 0 {
		return other
	}
	return n
}

// dialer marks the attempt that asks for a connection, so that it is known
// whether it waited for the backend or for a free place.
func dialer(timeout time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: timeout, KeepAlive: keepAlive}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if a, ok := ctx.Value(attemptKey{}).(*attempt); ok {
			a.dialing.Store(true)
		}
		c, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &conn{Conn: c}, nil
	}
}

// A conn counts the bytes written, which tells whether a request that failed
// may have reached the backend, and tells the attempt that has it of its end.
type conn struct {
	net.Conn
	written atomic.Int64
	user    atomic.Pointer[attempt] // the last one
}

func (c *conn) Close() error {
	err := c.Conn.Close()
	if a := c.user.Load(); a != nil {
		a.lose(c)
	}
	return err
}

// Write counts what it writes. While it does, something may have been written:
// the answer may be there before Write has returned.
func (c *conn) Write(p []byte) (int, error) {
	c.written.Add(1)
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n) - 1)
	return n, err
}

// ours returns the conn below c, nil where there is none.
func ours(c net.Conn) *conn {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	own, _ := c.(*conn)
	return own
}

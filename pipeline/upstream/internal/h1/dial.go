package h1

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"time"
)

var errProtocol = errors.New("the backend chose another protocol than HTTP/1.1")

// dial makes a connection in a place that was taken before.
func (p *Pool) dial(ctx context.Context, by time.Time) (*Conn, error) {
	c, err := p.connect(ctx, by)
	if err == nil {
		p.sweeper.add(c)
		return c, nil
	}
	p.free()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case !by.IsZero() && !time.Now().Before(by):
		return nil, ErrLate
	}
	return nil, &DialError{err}
}

func (p *Pool) connect(ctx context.Context, by time.Time) (*Conn, error) {
	if !by.IsZero() {
		bounded, cancel := context.WithDeadline(ctx, by)
		defer cancel()
		ctx = bounded
	}
	raw, err := p.dialer.DialContext(ctx, "tcp", p.Address)
	if err != nil {
		return nil, err
	}
	c := &Conn{pool: p, socket: newSocket(raw)}
	c.net = c.socket
	if p.MaxAge > 0 {
		c.expires = p.sweeper.now() + time.Duration((0.9+0.2*rand.Float64())*float64(p.MaxAge))
	}
	if p.TLS == nil {
		c.tcp, _ = raw.(*net.TCPConn)
		return c, nil
	}
	if err := c.encrypt(ctx); err != nil {
		_ = raw.Close() // the error of the handshake counts
		return nil, err
	}
	return c, nil
}

func (c *Conn) encrypt(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.pool.Handshake)
	defer cancel()
	c.tls = tls.Client(c.socket, c.pool.TLS)
	if err := c.tls.HandshakeContext(ctx); err != nil {
		return err
	}
	if chosen := c.tls.ConnectionState().NegotiatedProtocol; chosen != "" && chosen != "http/1.1" {
		return errProtocol
	}
	c.net = c.tls
	return nil
}

package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// An entrance is a listener whose connections are ready to be served: the
// header of a proxy is read, the handshake of TLS is done, HTTP/1.1 is
// guarded. Each gets ready on a goroutine of its own, so that a slow one keeps
// nobody waiting.
type entrance struct {
	net.Listener
	config *Config
	open   *connections
	left   departures
	ready  chan arrival
	ctx    context.Context // ends what is getting ready
	cancel context.CancelFunc
	wait   sync.WaitGroup
}

type arrival struct {
	conn net.Conn
	err  error
}

func newEntrance(ln net.Listener, c *Config) *entrance {
	e := &entrance{Listener: ln, config: c, ready: make(chan arrival)}
	e.open = newConnections(c.MaxConnections, c.MaxConnectionsPerAddress)
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.wait.Go(e.accept)
	return e
}

// Accept returns the next connection that is ready.
func (e *entrance) Accept() (net.Conn, error) {
	select {
	case a := <-e.ready:
		return a.conn, a.err
	case <-e.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Close ends accepting, and the connections that are getting ready.
func (e *entrance) Close() error {
	e.cancel()
	e.left.close()
	return e.Listener.Close()
}

func (e *entrance) accept() {
	for {
		conn, err := e.Listener.Accept()
		if err == nil {
			e.enter(conn)
			continue
		}
		if !e.deliver(arrival{err: err}) || errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// enter lets conn get ready, or closes it where there are enough.
func (e *entrance) enter(conn net.Conn) {
	one, ok := e.open.enter(conn)
	if !ok {
		e.config.tell(conn.RemoteAddr(), CodeConnections, errConnections)
		_ = conn.Close()
		return
	}
	e.wait.Go(func() { e.prepare(one) })
}

// deliver returns false where there is nobody left to take it.
func (e *entrance) deliver(a arrival) bool {
	select {
	case e.ready <- a:
		return true
	case <-e.ctx.Done():
		return false
	}
}

// prepare gets conn ready, or closes it.
func (e *entrance) prepare(conn *counted) {
	ready := false
	defer func() {
		if p := recover(); p != nil { // of what the configuration of TLS calls
			e.config.Log.Error("a connection panicked before it was served", "panic", fmt.Sprint(p))
		}
		if !ready {
			_ = conn.Close()
		}
	}()
	stop := context.AfterFunc(e.ctx, func() { _ = conn.Close() })
	made, err := e.make(conn)
	if err != nil {
		stop()
		return
	}
	if ready = stop() && e.deliver(arrival{conn: made}); !ready {
		_ = made.Close()
	}
}

func (e *entrance) make(accepted *counted) (net.Conn, error) {
	c := e.config
	by := time.Now().Add(c.ReadHeader)
	peer := accepted.RemoteAddr()
	conn := newStalling(accepted, &c.Limits)
	if c.declared(peer) {
		client, err := e.proxied(conn, by)
		if err != nil {
			c.tell(peer, CodeProxyHeader, err)
			return nil, err
		}
		conn = proxied{conn, client}
	}
	if err := accepted.belongs(conn.RemoteAddr()); err != nil {
		c.tell(conn.RemoteAddr(), CodeConnections, err)
		return nil, err
	}
	if c.TLS == nil {
		return e.told(guard(conn, &c.Limits), accepted), nil
	}
	secure, err := e.handshake(conn, by)
	if err != nil {
		c.tell(conn.RemoteAddr(), CodeHandshake, err)
		return nil, err
	}
	state := secure.ConnectionState()
	if state.NegotiatedProtocol == "h2" {
		return &secured{e.told(watch(secure, &c.Limits), nil), state}, nil
	}
	return &tlsConn{e.told(guard(secure, &c.Limits), accepted), state}, nil
}

// told has the connection tell what it refuses, and be told when the client of
// the one accepted, if any, leaves.
func (e *entrance) told(g *Conn, accepted *counted) *Conn {
	if accepted != nil {
		g.watchedBy(&e.left, accepted.Conn)
	}
	g.refused = func(c *Conn, f *fault) { e.config.tell(c.RemoteAddr(), f.code, f) }
	return g
}

func (e *entrance) proxied(conn net.Conn, by time.Time) (net.Addr, error) {
	if err := conn.SetReadDeadline(by); err != nil {
		return nil, err
	}
	client, err := readProxy(conn)
	return client, errors.Join(err, conn.SetReadDeadline(time.Time{}))
}

func (e *entrance) handshake(conn net.Conn, by time.Time) (*tls.Conn, error) {
	ctx, cancel := context.WithDeadline(e.ctx, by)
	defer cancel()
	secure := tls.Server(conn, e.config.TLS)
	err := secure.HandshakeContext(ctx)
	if plain, ok := errors.AsType[tls.RecordHeaderError](err); ok && plain.Conn != nil && looksLikeHTTP(plain.RecordHeader) {
		_ = conn.SetWriteDeadline(by)
		_, _ = plain.Conn.Write(faultPlain.response(time.Now())) // it is closed either way
	}
	return secure, err
}

var faultPlain = malformed("This port speaks TLS.")

func looksLikeHTTP(start [5]byte) bool {
	switch string(start[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "PATCH", "DELET", "OPTIO":
		return true
	}
	return false
}

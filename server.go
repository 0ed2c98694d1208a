package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// A server is one listener at work.
type server struct {
	http  *listen.Server
	admin bool
	ended chan struct{}
	err   error // valid once ended is closed
}

func (g *Gateway) listen(ctx context.Context, l listener) (*server, error) {
	handler := http.Handler(g)
	if l.handler != nil {
		handler = l.handler(g)
	}
	if handler == nil { // net/http would serve what anybody registered
		return nil, fmt.Errorf("admin listener %q: there is no handler", l.addr)
	}
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", l.addr)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	g.addrs.add(l, ln.Addr())
	s := &server{http: g.newServer(handler, l), admin: l.handler != nil, ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.err = err
		}
	}()
	return s, nil
}

// newServer makes the guarded server of one listener.
func (g *Gateway) newServer(h http.Handler, l listener) *listen.Server {
	c := l.config
	if c.Log == nil {
		c.Log = g.logger
	}
	return listen.NewServer(h, c)
}

// Addrs returns the addresses that Run listens on for the gateway itself, in
// the order of the options; for tests that listen on port 0.
func (g *Gateway) Addrs() []net.Addr { return g.addrs.of(false) }

// AdminAddrs returns the addresses of the Admin listeners.
func (g *Gateway) AdminAddrs() []net.Addr { return g.addrs.of(true) }

type addresses struct {
	mu  sync.Mutex
	all []address
}

type address struct {
	addr  net.Addr
	admin bool
}

func (a *addresses) add(l listener, addr net.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, address{addr, l.handler != nil})
}

func (a *addresses) of(admin bool) []net.Addr {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []net.Addr
	for _, x := range a.all {
		if x.admin == admin {
			out = append(out, x.addr)
		}
	}
	return out
}

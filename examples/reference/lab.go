package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/seed-f9645bd3/gateway/examples/internal/idp"
	"github.com/seed-f9645bd3/gateway/examples/internal/registryd"
)

// A laboratory is everything around the gateway of the demo: backends, identity
// provider, registry and a store that speaks Redis. Each can be taken away and
// given back while the gateway serves.
type laboratory struct {
	backends map[string]*service
	issuer   *idp.Provider
	idp      *service
	registry *service
	redis    *store
	control  *service
}

// newLaboratory starts all of it; folder is the registry's.
func newLaboratory(folder string) (*laboratory, error) {
	l := &laboratory{}
	var err error
	if l.backends, err = startBackends(); err != nil {
		return nil, err
	}
	if l.issuer, err = idp.New("https://idp.demo"); err != nil {
		return nil, err
	}
	if l.idp, err = startService(l.issuer); err != nil {
		return nil, err
	}
	registry, err := registryd.New(folder)
	if err != nil {
		return nil, err
	}
	if l.registry, err = startService(registry); err != nil {
		return nil, err
	}
	if l.redis, err = newStore(); err != nil {
		return nil, err
	}
	l.control, err = startService(http.HandlerFunc(l.serve))
	return l, err
}

// serve takes things away and gives them back: POST /NAME/stop, POST
// /NAME/start.
func (l *laboratory) serve(w http.ResponseWriter, r *http.Request) {
	name, what, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	thing := l.thing(name)
	if thing == nil || r.Method != http.MethodPost || what != "stop" && what != "start" {
		http.Error(w, "want POST /NAME/stop or /NAME/start of users-a, users-b, users-c, orders, events, idp, registry or redis", http.StatusNotFound)
		return
	}
	act := thing.stop
	if what == "start" {
		act = thing.start
	}
	if err := act(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "%s: %s\n", name, what)
}

// A thing can be taken away and given back at the same address.
type thing interface {
	stop() error
	start() error
}

func (l *laboratory) thing(name string) thing {
	switch name {
	case "idp":
		return l.idp
	case "registry":
		return l.registry
	case "redis":
		return l.redis
	}
	if b := l.backends[name]; b != nil {
		return b
	}
	return nil
}

func (l *laboratory) close() {
	for _, s := range l.backends {
		_ = s.stop()
	}
	for _, t := range []thing{l.idp, l.registry, l.redis, l.control} {
		_ = t.stop()
	}
}

// A service is a handler on a loopback port of its own.
type service struct {
	url     string
	addr    string
	handler http.Handler

	mu     sync.Mutex
	server *http.Server
}

func startService(h http.Handler) (*service, error) {
	s := &service{addr: "127.0.0.1:0", handler: h}
	return s, s.start()
}

func (s *service) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return nil
	}
	ln, err := net.Listen("tcp", s.addr)
	if err != nil {
		return err
	}
	s.addr = ln.Addr().String()
	s.url = "http://" + s.addr
	server := &http.Server{Handler: s.handler, ReadHeaderTimeout: 5 * time.Second}
	s.server = server
	go func() { _ = server.Serve(ln) }()
	return nil
}

// stop closes the port and every connection, as a machine does that goes down.
func (s *service) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil {
		return nil
	}
	err := s.server.Close()
	s.server = nil
	return err
}

// A store is the embedded one that speaks Redis. Its clock is moved by hand, so
// a goroutine moves it with ours.
type store struct {
	addr string

	mu    sync.Mutex
	redis *miniredis.Miniredis
	end   chan struct{}
}

func newStore() (*store, error) {
	s := &store{addr: "127.0.0.1:0"}
	return s, s.start()
}

func (s *store) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.redis != nil {
		return nil
	}
	m := miniredis.NewMiniRedis()
	if err := m.StartAddr(s.addr); err != nil {
		return err
	}
	s.redis, s.addr, s.end = m, m.Addr(), make(chan struct{})
	go keepTime(m, s.end)
	return nil
}

func keepTime(m *miniredis.Miniredis, end <-chan struct{}) {
	const step = 50 * time.Millisecond
	tick := time.NewTicker(step)
	defer tick.Stop()
	for {
		select {
		case <-end:
			return
		case <-tick.C:
			m.FastForward(step)
		}
	}
}

func (s *store) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.redis != nil {
		close(s.end)
		s.redis.Close()
		s.redis = nil
	}
	return nil
}

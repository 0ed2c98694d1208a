package listen

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"
)

// A Server serves HTTP/1.1 and HTTP/2 on guarded connections.
type Server struct {
	config Config
	http   *http.Server
}

// NewServer returns a server of h. One that has no handler answers 404.
func NewServer(h http.Handler, c Config) *Server {
	if h == nil { // net/http would serve what anybody registered
		h = http.NotFoundHandler()
	}
	s := &Server{config: c.withDefaults()}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(s.config.H2C)
	s.http = &http.Server{
		Handler: s.handler(h), Protocols: protocols,
		HTTP2:          &http.HTTP2Config{MaxConcurrentStreams: s.config.MaxStreams},
		IdleTimeout:    s.config.Idle,
		MaxHeaderBytes: s.config.HeadBytes,
		ErrorLog:       slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug),
		ConnState:      state,
		ConnContext:    withConn,
		// The handler has its own answer to "OPTIONS *".
		DisableGeneralOptionsHandler: true,
	}
	return s
}

// Serve serves the connections of ln until the server is shut down or closed,
// of which the error then is http.ErrServerClosed. It closes ln.
func (s *Server) Serve(ln net.Listener) error {
	e := newEntrance(ln, &s.config)
	err := s.http.Serve(e)
	if closed := e.Close(); closed != nil && !errors.Is(closed, net.ErrClosed) {
		err = errors.Join(err, closed)
	}
	e.wait.Wait()
	return err
}

// Shutdown stops accepting, and waits for what is being answered.
func (s *Server) Shutdown(ctx context.Context) error { return s.http.Shutdown(ctx) }

// Close closes all connections but those that were taken over.
func (s *Server) Close() error { return s.http.Close() }

// state tells a guarded connection what becomes of it.
func state(conn net.Conn, s http.ConnState) {
	if g, ok := conn.(interface{ State(http.ConnState) }); ok {
		g.State(s)
	}
}

// handler adds what every answer by TLS says.
func (s *Server) handler(h http.Handler) http.Handler {
	if s.config.TLS != nil && s.config.TLS.GetConfigForClient != nil {
		h = directed(h)
	}
	if s.config.TLS == nil || s.config.HSTS < 0 {
		return h
	}
	value := []string{"max-age=" + strconv.FormatInt(int64(s.config.HSTS/time.Second), 10)}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Strict-Transport-Security"] = value
		h.ServeHTTP(w, r)
	})
}

type connKey struct{}

func withConn(ctx context.Context, conn net.Conn) context.Context {
	if p, ok := conn.(interface{ lenient() }); ok {
		return context.WithValue(ctx, connKey{}, p)
	}
	return ctx
}

// Patient lifts the least rate from the body of the request that ctx belongs
// to: for bodies that are streams of messages, which may say nothing for long.
func Patient(ctx context.Context) {
	if p, ok := ctx.Value(connKey{}).(interface{ lenient() }); ok {
		p.lenient()
	}
}

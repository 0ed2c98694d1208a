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

// maxFrame is the longest frame of HTTP/2 that is read: what every client sends
// where it is told nothing, and held once for each connection.
const maxFrame = 16 << 10

// NewServer returns a server of h. One that has no handler answers 404.
func NewServer(h http.Handler, c Config) *Server {
	if h == nil { // net/http would serve what anybody registered
		h = http.NotFoundHandler()
	}
	s := &Server{config: c.withDefaults()}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(s.config.H2C || s.config.TLS != nil) // that by TLS is unpacked here
	s.http = &http.Server{
		Handler: s.handler(h), Protocols: protocols,
		HTTP2:          &http.HTTP2Config{MaxConcurrentStreams: s.config.MaxStreams, MaxReadFrameSize: maxFrame},
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

// handler adds what every answer by TLS says, and what holds of HTTP/2.
func (s *Server) handler(h http.Handler) http.Handler {
	if s.config.TLS != nil && s.config.TLS.GetConfigForClient != nil {
		h = directed(h)
	}
	if s.config.TLS != nil && s.config.HSTS >= 0 {
		h = strictly(h, s.config.HSTS)
	}
	return streamed(h, &s.config.Limits)
}

// strictly tells browsers to come by TLS only.
func strictly(h http.Handler, most time.Duration) http.Handler {
	value := []string{"max-age=" + strconv.FormatInt(int64(most/time.Second), 10)}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Strict-Transport-Security"] = value
		h.ServeHTTP(w, r)
	})
}

type connKey struct{}

func withConn(ctx context.Context, conn net.Conn) context.Context {
	if g, ok := conn.(interface{ attend(context.CancelFunc) }); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		g.attend(cancel)
	}
	return context.WithValue(ctx, connKey{}, conn)
}

func connOf(ctx context.Context) net.Conn {
	conn, _ := ctx.Value(connKey{}).(net.Conn)
	return conn
}

// Patient lifts the least rate from the body of the request that ctx belongs
// to: for bodies that are streams of messages, which may say nothing for long.
func Patient(ctx context.Context) {
	if p, ok := ctx.Value(connKey{}).(interface{ lenient() }); ok {
		p.lenient()
	}
}

package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/directory"
)

// An Option is one setting of a gateway. Each may be given once, but for
// Kinds, Stages, Recorders, Upstream, Listen and Admin, which add up.
type Option func(*settings) error

// set sets the option; a nil one is an error, since what it was to set is
// missing.
func (o Option) set(s *settings) error {
	if o == nil {
		return errors.New("gateway: an option is nil")
	}
	return o(s)
}

type settings struct {
	kinds      []pipeline.AnyKind
	stages     []pipeline.Stage
	recorders  []pipeline.Recorder
	source     registry.Source
	snapshot   *registry.Snapshot
	directory  registry.Directory
	handlers   map[string]http.Handler
	transport  func(registry.Upstream, *http.Transport) http.RoundTripper
	logger     *slog.Logger
	listeners  []listener
	lastGood   lastGood
	stale      Staleness
	keep       int
	drainDelay time.Duration
	grace      time.Duration
	deadline   time.Duration
	load       time.Duration
	drained    func(Report)
	background context.Context
	given      map[string]bool
}

// A listener is one address to serve; handler is nil for the gateway itself.
type listener struct {
	addr    string
	config  listen.Config
	handler func(*Gateway) http.Handler
}

func collect(options []Option) (settings, error) {
	s := settings{
		handlers: map[string]http.Handler{}, given: map[string]bool{},
		keep: 10, drainDelay: time.Second, deadline: 30 * time.Second,
		background: context.Background(),
	}
	var errs []error
	for _, o := range options {
		if err := o.set(&s); err != nil {
			errs = append(errs, err)
		}
	}
	if s.logger == nil {
		s.logger = slog.New(warnings{slog.Default().Handler()})
	}
	if s.directory == nil {
		s.directory = directory.New()
	}
	slices.SortFunc(s.stages, func(a, b pipeline.Stage) int { return strings.Compare(a.Name, b.Name) })
	return s, errors.Join(errs...)
}

// once returns the option that set makes, refused when it is given twice.
func once(name string, set func(*settings) error) Option {
	return func(s *settings) error {
		if s.given[name] {
			return fmt.Errorf("gateway: option %s is given twice", name)
		}
		s.given[name] = true
		return set(s)
	}
}

// Options makes one option of several.
func Options(options ...Option) Option {
	return func(s *settings) error {
		var errs []error
		for _, o := range options {
			errs = append(errs, o.set(s))
		}
		return errors.Join(errs...)
	}
}

// Kinds adds what a configuration may name: policies, authenticators,
// limiters, balancers. A gateway knows none by itself; standard.Kinds adds those
// of the module. Two of one name that make the same thing are an error.
func Kinds(kinds ...pipeline.AnyKind) Option {
	return func(s *settings) error {
		if slices.ContainsFunc(kinds, func(k pipeline.AnyKind) bool { return k == nil }) {
			return errors.New("gateway: a kind is nil")
		}
		s.kinds = append(s.kinds, kinds...)
		return nil
	}
}

// Stages adds stages to the chain of every route. Within their phase they come
// before the policies, ordered by name; two of one name are an error.
func Stages(stages ...pipeline.Stage) Option {
	return func(s *settings) error {
		for _, st := range stages {
			if st.Name == "" || st.Wrap == nil {
				return errors.New("gateway: a stage needs a Name and a Wrap")
			}
			for _, other := range s.stages {
				if other.Name == st.Name {
					return fmt.Errorf("gateway: stage %q is given twice", st.Name)
				}
			}
			s.stages = append(s.stages, st)
		}
		return nil
	}
}

// Recorders adds who is told how exchanges ended. A recorder with a method
// Run(context.Context) error is run by Run, until the last exchange has ended.
func Recorders(recorders ...pipeline.Recorder) Option {
	return func(s *settings) error {
		if slices.ContainsFunc(recorders, func(r pipeline.Recorder) bool { return r == nil }) {
			return errors.New("gateway: a recorder is nil")
		}
		s.recorders = append(s.recorders, recorders...)
		return nil
	}
}

// Source names where the configuration comes from while Run runs.
func Source(source registry.Source) Option {
	return once("Source", func(s *settings) error { s.source = source; return nil })
}

// Snapshot gives the configuration itself: applied by New. With a Source
// beside it, it serves until the first update of that comes.
func Snapshot(snapshot *registry.Snapshot) Option {
	return once("Snapshot", func(s *settings) error { s.snapshot = snapshot; return nil })
}

// Directory replaces the directory in memory. One that has a method
// Apply([]registry.Change) error takes the changes that the source delivers;
// with any other, such changes are refused.
func Directory(d registry.Directory) Option {
	return once("Directory", func(s *settings) error { s.directory = d; return nil })
}

// Upstream makes h the upstream of this name, in place of the endpoints that
// a configuration may give it.
func Upstream(name string, h http.Handler) Option {
	return func(s *settings) error {
		if _, twice := s.handlers[name]; twice || h == nil {
			return fmt.Errorf("gateway: upstream %q wants one handler", name)
		}
		s.handlers[name] = h
		return nil
	}
}

// Transport wraps or replaces the transport of each endpoint: f is called when
// one is made, with its upstream and the transport that it would have, and what
// f returns is used from many goroutines at once.
func Transport(f func(registry.Upstream, *http.Transport) http.RoundTripper) Option {
	return once("Transport", func(s *settings) error { s.transport = f; return nil })
}

// Logger takes what the gateway has to say beside the access log: refusals,
// swaps, panics, at the levels of their weight. By default warnings and errors
// go to slog.Default.
func Logger(l *slog.Logger) Option {
	return once("Logger", func(s *settings) error { s.logger = l; return nil })
}

// Listen has Run serve the gateway on a TCP address, such as ":8080". Without
// it Run follows the source all the same, and the program serves the handler;
// it does without the guard of package listen then.
func Listen(addr string) Option { return ListenWith(addr, listen.Config{}) }

// ListenTLS is Listen with TLS: HTTP/1.1 and HTTP/2, TLS 1.2 at the least.
// A configuration that is nil or has no certificate is an error, never a
// listener without TLS.
func ListenTLS(addr string, config *tls.Config) Option {
	if config == nil {
		config = &tls.Config{}
	}
	return ListenWith(addr, listen.Config{TLS: config})
}

// ListenWith is Listen with settings of the connections: TLS, bounds, proxies
// that speak the PROXY protocol. Its Log is the gateway's where it has none.
func ListenWith(addr string, c listen.Config) Option {
	if t := c.TLS; t != nil && len(t.Certificates) == 0 && t.GetCertificate == nil && t.GetConfigForClient == nil {
		return func(*settings) error {
			return fmt.Errorf("gateway: TLS on %q wants a configuration with a certificate", addr)
		}
	}
	return listening(listener{addr: addr, config: c})
}

// Admin has Run serve what h makes of the gateway, package admin's handler as
// a rule, on an address of its own.
func Admin(addr string, h func(*Gateway) http.Handler) Option {
	if h == nil {
		return func(*settings) error { return fmt.Errorf("gateway: Admin on %q wants a handler", addr) }
	}
	return listening(listener{addr: addr, handler: h})
}

func listening(l listener) Option {
	return func(s *settings) error {
		s.listeners = append(s.listeners, l)
		return nil
	}
}

// History sets how many snapshots are kept for Rollback; 10 by default.
func History(n int) Option {
	return once("History", func(s *settings) error {
		if n < 2 {
			return errors.New("gateway: History wants 2 at the least")
		}
		s.keep = n
		return nil
	})
}

// LoadTimeout bounds how long Run waits for the first update of the source. By
// default 2 s where a last good configuration is at hand to start from, and
// 10 s where there is none.
func LoadTimeout(d time.Duration) Option {
	return once("LoadTimeout", func(s *settings) error { s.load = d; return nil })
}

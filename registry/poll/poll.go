package poll

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

const (
	defaultInterval = 2 * time.Second
	defaultTimeout  = 5 * time.Second
	maxBody         = 64 << 20
	jitter          = 0.2 // of the interval, either way
)

// A Source polls a registry. It implements registry.Source; Watch may run once
// at a time.
type Source struct {
	document, directory string
	client              *http.Client
	interval, timeout   time.Duration
	token               func() (string, error)
	logger              *slog.Logger
	random              func() float64
	bodies              int64

	last  atomic.Int64 // when the registry answered well, in Unix nanoseconds
	fault atomic.Pointer[error]
	heard struct{ document, directory instant }
}

// An Option is one setting of a Source.
type Option func(*Source) error

// Interval sets how long the source waits between two rounds, 2 s by default;
// a fifth of it more or less, by chance, so that gateways do not ask in step.
func Interval(d time.Duration) Option {
	return func(s *Source) error {
		if d <= 0 {
			return errors.New("poll: want an interval of more than 0")
		}
		s.interval = d
		return nil
	}
}

// Timeout bounds one request with its answer; 5 s by default.
func Timeout(d time.Duration) Option {
	return func(s *Source) error {
		if d <= 0 {
			return errors.New("poll: want a timeout of more than 0")
		}
		s.timeout = d
		return nil
	}
}

// Token is asked before each request for the bearer token that the registry
// wants.
func Token(token func() (string, error)) Option {
	return func(s *Source) error { s.token = token; return nil }
}

// Client replaces the client: for certificates of one's own, as a rule. Its
// redirects are not followed.
func Client(c *http.Client) Option {
	return func(s *Source) error {
		if c == nil {
			return errors.New("poll: want a client")
		}
		own := *c
		s.client = &own
		return nil
	}
}

// Logger sets where refusals and outages are told; slog.Default by default.
func Logger(l *slog.Logger) Option {
	return func(s *Source) error { s.logger = l; return nil }
}

// DocumentOnly leaves the directory to others.
func DocumentOnly() Option {
	return func(s *Source) error { s.directory = ""; return nil }
}

// DirectoryOnly leaves the document to others: registry.Merge joins this source
// with one that has it.
func DirectoryOnly() Option {
	return func(s *Source) error { s.document = ""; return nil }
}

// New makes a source of the registry at the address. It has to be https, or
// lead to this machine: what comes from there decides who may call what.
func New(address string, options ...Option) (*Source, error) {
	base, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("poll: %w", err)
	}
	if err := trusted(base); err != nil {
		return nil, err
	}
	s := &Source{
		document: base.JoinPath("document").String(), directory: base.JoinPath("directory").String(),
		client: &http.Client{}, interval: defaultInterval, timeout: defaultTimeout,
		logger: slog.Default(), random: rand.Float64, bodies: maxBody,
	}
	var errs []error
	for _, o := range options {
		errs = append(errs, o(s))
	}
	if s.document == "" && s.directory == "" {
		errs = append(errs, errors.New("poll: DocumentOnly and DirectoryOnly leave nothing to ask for"))
	}
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	return s, errors.Join(errs...)
}

func trusted(u *url.URL) error {
	switch {
	case u.User != nil:
		return errors.New("poll: the address holds a password; use Token")
	case u.Scheme == "https" && u.Host != "":
		return nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return errors.New("poll: want an https address, or an http address of this machine")
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// Answered returns when the registry last answered well; the zero time where
// it never did.
func (s *Source) Answered() time.Time {
	if n := s.last.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// Fault returns why the last round brought nothing; nil where it went well.
func (s *Source) Fault() error {
	if err := s.fault.Load(); err != nil {
		return *err
	}
	return nil
}

// Watch implements registry.Source. The first update holds document and
// directory together and waits for both; from then on each comes by itself. It
// returns when ctx ends.
func (s *Source) Watch(ctx context.Context, apply func(registry.Update) error) error {
	r := &rounds{Source: s, apply: apply, held: newHeld()}
	for {
		r.round(ctx)
		if !s.wait(ctx) {
			return nil
		}
	}
}

func (s *Source) wait(ctx context.Context) bool {
	d := time.Duration(float64(s.interval) * (1 - jitter + 2*jitter*s.random()))
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// note keeps and tells what became of a round. The same fault is told once.
func (s *Source) note(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	before := s.Fault()
	if err == nil {
		s.last.Store(time.Now().UnixNano())
		s.fault.Store(nil)
		if before != nil {
			s.logger.Info("registry answers again")
		}
		return
	}
	s.fault.Store(&err)
	if before == nil || before.Error() != err.Error() {
		s.logger.Error("configuration of the registry not taken", slog.Any("error", err))
	}
}

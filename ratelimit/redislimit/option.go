package redislimit

import (
	"log/slog"
	"time"
)

// An Option sets something of a Limiter.
type Option func(*settings)

type settings struct {
	timeout time.Duration
	pause   time.Duration
	prefix  string
	log     *slog.Logger
}

const (
	defaultTimeout = 50 * time.Millisecond
	defaultPause   = 100 * time.Millisecond
	defaultPrefix  = "gateway:"
)

// Timeout bounds how long one decision waits for Redis: 50 ms without it.
func Timeout(d time.Duration) Option { return func(s *settings) { s.timeout = d } }

// Probe sets how often Redis is tried while it does not answer: each 100 ms
// without it.
func Probe(every time.Duration) Option { return func(s *settings) { s.pause = every } }

// Prefix is what all keys begin with: "gateway:" without it. Braces in it are
// replaced, for they say where a cluster places a key.
func Prefix(p string) Option { return func(s *settings) { s.prefix = p } }

// Log is told when Redis is given up on, and why, and when it answers again:
// nobody is without it.
func Log(log *slog.Logger) Option { return func(s *settings) { s.log = log } }

func settingsOf(opts []Option) settings {
	s := settings{prefix: defaultPrefix}
	for _, o := range opts {
		o(&s)
	}
	if s.timeout <= 0 {
		s.timeout = defaultTimeout
	}
	if s.pause <= 0 {
		s.pause = defaultPause
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.prefix = cleanPrefix(s.prefix)
	return s
}

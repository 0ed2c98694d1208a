package audit

import (
	"log/slog"
	"time"

	"github.com/seed-f9645bd3/gateway/observability/redact"
)

type settings struct {
	head     string
	instance string
	all      bool
	block    bool
	durable  time.Duration
	sync     time.Duration
	rotate   int64
	room     int64
	rules    *redact.Rules
	logger   *slog.Logger
	disk     disk
}

func defaults(path string) settings {
	return settings{
		head: path + ".head", sync: time.Second, rotate: 256 << 20, room: 8 << 20,
		rules: redact.New(), logger: slog.New(slog.DiscardHandler), disk: system{},
	}
}

// An Option changes a Recorder. Where two contradict, the later counts.
type Option func(*settings)

// All has every exchange recorded. Without it, those are that were denied, by a
// stage or by the gateway itself, paths and methods that no route takes
// excepted.
func All() Option { return func(s *settings) { s.all = true } }

// Durable has an exchange end only when its record and the head are on the
// disk, or when it has waited for so long; 0 keeps the 5s that it waits at the
// most. Exchanges that end meanwhile share one fsync. What was waited for in
// vain is counted by Late.
func Durable(most time.Duration) Option {
	return func(s *settings) {
		if s.durable = most; most <= 0 {
			s.durable = 5 * time.Second
		}
	}
}

// Block has exchanges wait where there is no room for their record, for as long
// as it takes. Without it their records are dropped, and how many is a record.
func Block() Option { return func(s *settings) { s.block = true } }

// Room bounds what waits to be written, in bytes of memory; 8 MiB by default,
// which is some eight thousand records.
func Room(bytes int64) Option {
	return func(s *settings) {
		if bytes > 0 {
			s.room = bytes
		}
	}
}

// Head names the file of the head: on another disk as a rule, where who may
// write the trail may not. By default it lies beside the trail, with ".head" at
// the end of its name.
func Head(path string) Option { return func(s *settings) { s.head = path } }

// SyncEvery is how often records go to the disk and the head moves on, where
// Durable does not have it done for each; 1s by default. What a crash of the
// system takes is from within this time.
func SyncEvery(d time.Duration) Option {
	return func(s *settings) {
		if d > 0 {
			s.sync = d
		}
	}
}

// Rotate sets how long a file becomes before the trail goes on in a new one;
// 256 MiB by default. The old one is renamed: the number of its first record,
// twenty digits long, becomes the end of its name. It is never removed.
func Rotate(bytes int64) Option {
	return func(s *settings) {
		if bytes > 0 {
			s.rotate = bytes
		}
	}
}

// Instance names the gateway in the records of its beginning and end.
func Instance(name string) Option { return func(s *settings) { s.instance = name } }

// Redact names further parameters whose values are secret, besides the usual
// ones that package redact knows.
func Redact(names ...string) Option { return func(s *settings) { s.rules = redact.New(names...) } }

// Logger sets where it is told that the trail cannot be written, and that it
// can be again; nowhere by default.
func Logger(l *slog.Logger) Option {
	return func(s *settings) {
		if l != nil {
			s.logger = l
		}
	}
}

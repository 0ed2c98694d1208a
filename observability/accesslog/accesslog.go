package accesslog

import (
	"context"
	"io"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/observability"
	"github.com/seed-f9645bd3/gateway/observability/internal/fields"
	"github.com/seed-f9645bd3/gateway/observability/redact"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A Log is a pipeline.Recorder that writes the access log. It writes while Run
// runs; the gateway runs the recorders that it is given.
type Log struct {
	settings
	enc   fields.Encoder
	stamp stamp
	queue *observability.Queue
}

type settings struct {
	sink     observability.Sink
	queue    []observability.Option
	redact   *redact.Rules
	query    bool
	all      bool
	stages   bool
	oneIn    uint64
	fields   []field
	maxField int
}

// DefaultMaxField is the longest text of one field, in bytes.
const DefaultMaxField = 1024

// New makes a log that writes to standard output.
func New(opts ...Option) *Log {
	l := &Log{settings: settings{
		sink: observability.WriteTo(os.Stdout), redact: redact.New(), maxField: DefaultMaxField, oneIn: 1,
	}}
	for _, o := range opts {
		o(&l.settings)
	}
	l.enc = fields.Encoder{Rules: l.redact, Max: l.maxField}
	l.queue = observability.NewQueue(l.sink, l.settings.queue...)
	return l
}

// Run writes until ctx ends, and then what is left. See observability.Queue.Run.
func (l *Log) Run(ctx context.Context) error { return l.queue.Run(ctx) }

// Dropped returns how many lines found no room in the queue.
func (l *Log) Dropped() uint64 { return l.queue.Dropped() }

// Failed returns how many lines could not be written.
func (l *Log) Failed() uint64 { return l.queue.Failed() }

// Timings asks the gateway to time stages where they are logged.
func (l *Log) Timings() bool { return l.stages }

// For implements pipeline.Recorder. What it returns appends one line to a
// pooled buffer and hands it to the queue.
func (l *Log) For(route *registry.Route) func(x *pipeline.Exchange, s *pipeline.Summary) {
	static := l.static(route)
	var well atomic.Uint64
	return func(x *pipeline.Exchange, s *pipeline.Summary) {
		if l.oneIn > 1 && wentWell(s) && well.Add(1)%l.oneIn != 1 {
			return
		}
		r := l.queue.Record()
		r.Data = l.appendLine(r.Data, static, x, s)
		l.queue.Put(r)
	}
}

func wentWell(s *pipeline.Summary) bool { return s.Err == nil && s.Status < 400 }

// An Option changes a Log. Where two contradict, the later counts.
type Option func(*settings)

// Writer has lines written to w, many at once where there are many.
func Writer(w io.Writer) Option {
	return func(s *settings) { s.sink = observability.WriteTo(w) }
}

// Slog has each line handed to logger as a record, from the goroutine of Run.
func Slog(logger *slog.Logger) Option {
	return func(s *settings) { s.sink = handTo(logger.Handler()) }
}

// Query has the query logged, the values of sensitive parameters replaced.
// Without it, none is.
func Query() Option { return func(s *settings) { s.query = true } }

// AllDecisions has every decision logged. Without it, denials and warnings are.
func AllDecisions() Option { return func(s *settings) { s.all = true } }

// Stages has logged how long each stage took by itself, in microseconds, and
// beside the stages the upstream and the edge. The parts add up to took_ms. It
// has the gateway time its chains.
func Stages() Option { return func(s *settings) { s.stages = true } }

// OneIn has one in n of the exchanges of a route logged that went well, and
// all others.
func OneIn(n int) Option {
	return func(s *settings) { s.oneIn = uint64(max(n, 1)) }
}

// Redact names further parameters whose values are secret, besides the usual
// ones that package redact knows.
func Redact(names ...string) Option {
	return func(s *settings) { s.redact = redact.New(names...) }
}

// MaxField bounds the text of one field to so many bytes. 0 or less keeps the
// default of 1,024.
func MaxField(bytes int) Option {
	return func(s *settings) {
		if bytes > 0 {
			s.maxField = bytes
		}
	}
}

// Queue sets bounds and times of the queue.
func Queue(opts ...observability.Option) Option {
	return func(s *settings) { s.queue = append(s.queue, opts...) }
}

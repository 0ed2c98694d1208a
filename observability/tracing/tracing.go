package tracing

import (
	"math/rand/v2"
	"net/http"

	"go.opentelemetry.io/otel/trace"

	"github.com/seed-f9645bd3/gateway/observability/redact"
)

// CodeReplaced is the code of the warning that the trace context of the caller
// did not hold and a new trace was begun.
const CodeReplaced = "trace_context_replaced"

// Scope is the name of the tracer that providers are asked for.
const Scope = "github.com/seed-f9645bd3/gateway"

// A Tracer makes the stages of tracing. It is never altered, and used by many
// goroutines at once.
type Tracer struct {
	name   string // of the policy, for decisions
	read   []form // in order of precedence
	send   formSet
	remove []string // fields of forms that are neither sent nor passed on
	pass   []string // fields that are passed on
	speaks bool     // settings say what the backend gets
	caller bool     // decides on sampling
	spans  bool     // one for each stage
	reply  string
	tracer trace.Tracer // nil where spans are not recorded
	random func() uint64
	redact *redact.Rules
}

// An Option sets what settings do not hold.
type Option func(*Tracer)

// Provider has spans made by a tracer of p. Without it, or where p is nil, no
// spans are made and traces are handed on as they come.
func Provider(p trace.TracerProvider) Option {
	return func(t *Tracer) {
		t.tracer = nil
		if p != nil {
			t.tracer = p.Tracer(Scope)
		}
	}
}

// Random has the ids that the gateway makes itself made from f, which is
// called from many goroutines at once. The default is the generator of
// math/rand/v2: ids have to differ, and are no secret.
func Random(f func() uint64) Option { return func(t *Tracer) { t.random = f } }

// Redact names further parameters whose values are secret in paths and errors,
// besides the usual ones that package redact knows.
func Redact(names ...string) Option {
	return func(t *Tracer) { t.redact = redact.New(names...) }
}

// New makes a Tracer.
func New(c Config, opts ...Option) (*Tracer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	t := &Tracer{
		name: kind, caller: c.Sampling == "caller", spans: c.Stages == "spans",
		random: rand.Uint64, redact: redact.New(),
	}
	t.forms(c)
	if c.Reply != "" {
		t.reply = http.CanonicalHeaderKey(c.Reply)
	}
	for _, o := range opts {
		o(t)
	}
	return t, nil
}

// forms takes from c how traces are read and written.
func (t *Tracer) forms(c Config) {
	read, send := c.Read, c.Send
	if read == nil && c.Accept != "never" {
		read = defaultForms()
	}
	if send == nil {
		send = defaultForms()
	}
	passed := setOf(formsOf(c.Pass))
	t.read, t.send = formsOf(read), setOf(formsOf(send))
	t.remove = fieldsOf(func(f form) bool { return !t.send.has(f) && !passed.has(f) })
	t.pass = fieldsOf(passed.has)
	t.speaks = c.Send != nil || c.Pass != nil
}

// id returns a number that is not 0: an id that is all zero is none.
func (t *Tracer) id() uint64 {
	for range 64 {
		if n := t.random(); n != 0 {
			return n
		}
	}
	return 1 // the source gives nothing else
}

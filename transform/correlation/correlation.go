package correlation

import (
	"crypto/rand"
	"io"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// CodeReplaced is the code of the warning that the caller's id was not usable
// and another took its place.
const CodeReplaced = "correlation_id_replaced"

// A Correlator gives exchanges their id. It is a transform.Transformer and
// never altered.
type Correlator struct {
	name   string // of the policy, for decisions
	header string
	accept bool
	reply  bool
	random io.Reader
}

// An Option sets what settings do not hold.
type Option func(*Correlator)

// Random has ids made from r, which is read from many goroutines at once. The
// default is crypto/rand.
func Random(r io.Reader) Option { return func(c *Correlator) { c.random = r } }

// New makes a Correlator.
func New(c Config, opts ...Option) (*Correlator, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	cor := &Correlator{
		name: kind, header: c.header(), accept: c.Accept != "never", reply: c.Reply != "off",
		random: rand.Reader,
	}
	for _, o := range opts {
		o(cor)
	}
	return cor, nil
}

// Request sets the id of x, of what will be sent and of what will be answered.
// An id that x has already, from a policy of the edge, stays.
func (c *Correlator) Request(x *pipeline.Exchange) error {
	values := x.In.Header[c.header]
	if x.ID == "" {
		id, err := c.choose(x, values)
		if err != nil {
			return err
		}
		x.ID = id
	}
	if len(values) != 1 || values[0] != x.ID {
		x.Set(c.header, x.ID)
	}
	if c.reply {
		x.SetReply(c.header, x.ID)
	}
	return nil
}

func (c *Correlator) choose(x *pipeline.Exchange, sent []string) (string, error) {
	if c.accept && len(sent) == 1 && Valid(sent[0]) {
		return sent[0], nil
	}
	if c.accept && len(sent) > 0 {
		x.Decide(pipeline.Decision{Stage: c.name, Verdict: pipeline.Warn, Code: CodeReplaced})
	}
	return newID(c.random, now(x))
}

func now(x *pipeline.Exchange) time.Time {
	if x.Start.IsZero() {
		return time.Now()
	}
	return x.Start
}

// Response does nothing: the id stands in x.Reply.
func (c *Correlator) Response(*pipeline.Exchange, *http.Response) error { return nil }

// Vary returns nothing: no answer depends on the id.
func (c *Correlator) Vary(*pipeline.Exchange) string { return "" }

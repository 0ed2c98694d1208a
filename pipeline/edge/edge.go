package edge

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Bounds of requests. The bound of the body is Options.MaxBody.
const (
	maxTarget  = 8 << 10
	maxFields  = 100
	maxNamed   = 100 // by Connection
	maxHeader  = 32 << 10
	maxQuery   = 1000 // parameters
	maxBody    = 10 << 20
	maxInterim = 5
)

// Options are the settings of an Edge. The zero value trusts nobody.
type Options struct {
	// Inbound says what is believed of requests.
	Inbound registry.Inbound
	// Environment is set on each exchange.
	Environment string
	// Entry is of the exchanges of no route; it may be nil.
	Entry *pipeline.Entry
	// Log is told what becomes a bare 500, and of panics. Nil drops it.
	Log *slog.Logger
	// Via is our pseudonym (RFC 9110 section 7.6.3): a request that has passed
	// it already is refused with 508. Empty looks for no loops.
	Via string
	// Spellings are the odd ones that are let through to the handler, which
	// judges by itself where they are taken: see pipeline.Exchange.Spellings.
	// The others are refused with 400; zero lets none through.
	Spellings registry.Spelling
	// Gathering returns the connection of the request that ctx belongs to, where
	// long writes are gathered on it; it may be nil, and return nil.
	Gathering func(ctx context.Context) Gatherer
	// MaxBody bounds request bodies, in bytes, until a stage calls LimitBody;
	// 0 means 10 MiB.
	MaxBody int64
}

// A Gatherer is a connection that answers are written to. The edge calls Gather
// right before a long write to the http.ResponseWriter, and Send right after it:
// what the server writes to the connection in between may go out together.
type Gatherer interface {
	Gather()
	Send() error
}

// An Edge serves HTTP by a pipeline.Handler. It is safe for use by many
// goroutines and holds nothing that needs closing.
type Edge struct {
	handler     pipeline.Handler
	entry       *pipeline.Entry
	environment string
	log         *slog.Logger
	via         string
	maxBody     int64
	gathering   func(context.Context) Gatherer
	spellings   registry.Spelling
	proxies     proxies
	fields      fields
}

// New makes an Edge around h. The error names every setting that does not hold.
func New(h pipeline.Handler, o Options) (*Edge, error) {
	var faults registry.Faults
	if h == nil {
		faults.Add("", "an edge needs a handler")
	}
	if o.MaxBody < 0 {
		faults.Add("/max_body", "want a bound in bytes, not %d", o.MaxBody)
	}
	e := &Edge{
		handler: h, entry: o.Entry, environment: o.Environment,
		log: o.Log, via: o.Via, maxBody: o.MaxBody, spellings: o.Spellings, gathering: o.Gathering,
	}
	e.proxies = newProxies(o.Inbound.TrustedProxies, &faults)
	e.fields = newFields(o.Inbound, &faults)
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if e.gathering == nil {
		e.gathering = func(context.Context) Gatherer { return nil }
	}
	if e.maxBody == 0 {
		e.maxBody = maxBody
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return e, nil
}

// Handler serves a single chain without a gateway, with the defaults of New.
func Handler(h pipeline.Handler) http.Handler {
	if h == nil {
		h = func(_ context.Context, _ *pipeline.Exchange) (*http.Response, error) {
			return nil, errors.New("edge: no handler")
		}
	}
	e, err := New(h, Options{})
	if err != nil {
		panic("edge: the defaults do not hold: " + err.Error())
	}
	return e
}

// ServeHTTP serves one request as one exchange. It panics with
// http.ErrAbortHandler where the connection has to be aborted.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{edge: e, w: w, client: r}
	c.x.Start = time.Now()
	defer c.conclude()
	if p := c.admit(r); p != nil {
		c.fail = p
		return
	}
	c.body.trailer = c.in.Trailer
	if c.asterisk {
		c.resp = pipeline.Respond(&c.x, http.StatusNoContent, "", nil)
		return
	}
	c.resp, c.fail = e.handler(r.Context(), &c.x)
}

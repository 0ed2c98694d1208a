package pipeline

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline/internal/field"
	"github.com/seed-f9645bd3/gateway/registry"
)

// MaxParams bounds the parameters of one path template.
const MaxParams = 8

// An Exchange is one request on its way through the gateway. It belongs to
// one goroutine at a time and must not be kept after it has ended; a stage
// that works on beside the others (hedge, mirror, revalidation) takes a Fork.
// Its zero value with In set is usable in tests.
//
// In stays whole: what will be sent is edited by Set, Add, Del, SetTarget and
// SetBody, kept as a list and applied when the request is written. Values of
// headers are shared: replace them, never write into one.
type Exchange struct {
	In       *http.Request // canonical (path, host) and cleaned; nobody alters it
	Reply    http.Header   // set by the edge on whatever is answered, refusals and cache hits included; see SetReply
	Client   netip.Addr    // the caller's address under the trusted-proxy rules
	Scheme   string        // http or https, as the caller sees it
	Upgrade  string        // the protocol that the client asks to switch to, in lower case
	Allow    string        // where the router answers OPTIONS itself: the value of Allow
	ID       string        // the correlation id; empty where none was set
	TraceID  string        // of the distributed trace, 32 hexadecimal digits; empty where none was set
	Start    time.Time
	Deadline time.Time // by when the response head must be in; see Hasten
	Try      time.Time // when the present try began, where a stage around it has looked; else zero

	Route        *registry.Route
	Environment  string
	Identity     *Identity              // set by Authenticate stages
	Subscription *registry.Subscription // set by Authorize stages
	Grant        *Grant                 // set by Authorize stages; nil grants nothing
	Spellings    registry.Spelling      // the odd ones of the path that were let through; see edge.Options

	fork       bool
	forked     bool // forks share In
	granted    bool
	identified bool
	observed   bool  // timed or watched
	replies    uint8 // in use of replyRoom

	link    Link
	entry   *Entry
	raw     Raw
	body    payload
	target  string
	watcher Watcher
	clock   *clock   // where somebody wants to know how long stages took
	refusal *Problem // the last one recorded as a denial
	usage   *Usage   // the last one recorded

	edits      []edit
	decisions  []Decision
	attempts   []Attempt
	enders     []Ender
	paramNames []string

	paramValues  [MaxParams]string
	editRoom     [4]edit
	decisionRoom [7]Decision
	attemptRoom  [1]Attempt
	enderRoom    [4]Ender
	replyRoom    [8]string
	grantRoom    Grant
	identityRoom Identity
}

// A Link is what the edge lends to an exchange to reach the client by.
type Link interface {
	// Interim sends a 1xx response now. It may be called from any goroutine.
	Interim(status int, h http.Header)
	// Stalled says that the response body pauses.
	Stalled()
	// LimitBody bounds the request body to max bytes; what comes beyond is a
	// 413 Problem to its reader.
	LimitBody(max int64)
}

// Raw is a request as it came: for logs and signatures only.
type Raw struct {
	Target string
	Host   string
	Remote string // address and port of the connection
	Header http.Header
}

// Begin ties a new exchange to its client. The edge calls it once, before any
// stage.
func (x *Exchange) Begin(link Link, raw Raw, entry *Entry) {
	x.link, x.raw, x.entry = link, raw, entry
	x.look()
}

// Enter moves the exchange to the route of entry. Who routes calls it, once.
func (x *Exchange) Enter(entry *Entry) {
	x.entry, x.Route = entry, entry.Route
	x.look()
}

// Received returns target and fields as they came: for logs and signatures only.
func (x *Exchange) Received() Raw { return x.raw }

// Param returns a parameter of the path, decoded; empty where the route has
// none of this name.
func (x *Exchange) Param(name string) string {
	for i, n := range x.paramNames {
		if n == name {
			return x.paramValues[i]
		}
	}
	return ""
}

// ParamNames returns the names of the parameters of the path. The slice is
// shared and never altered.
func (x *Exchange) ParamNames() []string { return x.paramNames }

// ParamRoom returns where the exchange keeps the values of its parameters: who
// routes has them found there, and then sets them.
func (x *Exchange) ParamRoom() *[MaxParams]string { return &x.paramValues }

// SetParams sets the parameters of the path: as many of values as there are
// names. Who routes calls it; names is shared and never altered.
func (x *Exchange) SetParams(names []string, values *[MaxParams]string) {
	x.paramNames = names
	copy(x.paramValues[:len(names)], values[:])
}

// NewGrant returns an empty grant for this exchange, the first within the
// exchange itself. An authorizer fills it in and answers with it.
func (x *Exchange) NewGrant() *Grant {
	if x.granted {
		return new(Grant)
	}
	x.granted = true
	return &x.grantRoom
}

// NewIdentity returns an empty identity for this exchange, the first within
// the exchange itself. An authenticator that has none to share fills it in and
// answers with it.
func (x *Exchange) NewIdentity() *Identity {
	if x.identified {
		return new(Identity)
	}
	x.identified = true
	return &x.identityRoom
}

// SetReply sets a field of whatever will be answered.
func (x *Exchange) SetReply(name, value string) {
	if x.Reply == nil {
		x.Reply = http.Header{}
	}
	x.Reply[field.Canonical(name)] = x.alone(value)
}

// alone returns a slice of one value, within the exchange while there is room.
// No place is used twice: a fork may share what stands there.
func (x *Exchange) alone(value string) []string {
	if int(x.replies) == len(x.replyRoom) {
		return []string{value}
	}
	at := x.replies
	x.replies++
	x.replyRoom[at] = value
	return x.replyRoom[at : at+1 : at+1]
}

// Hasten brings the deadline forward to t; it never puts it off.
func (x *Exchange) Hasten(t time.Time) {
	if x.Deadline.IsZero() || t.Before(x.Deadline) {
		x.Deadline = t
	}
}

// LimitBody bounds the request body to max bytes; what comes beyond is a 413
// Problem to its reader. The last call counts.
func (x *Exchange) LimitBody(max int64) {
	if x.link != nil && !x.fork {
		x.link.LimitBody(max)
	}
}

// Decide records why the exchange goes as it does.
func (x *Exchange) Decide(d Decision) {
	if d.At == 0 && !x.Start.IsZero() {
		d.At = time.Since(x.Start)
	}
	if x.decisions == nil {
		x.decisions = x.decisionRoom[:0]
	}
	x.decisions = append(x.decisions, d)
}

// Decisions returns what was recorded, oldest first.
func (x *Exchange) Decisions() []Decision { return x.decisions }

// Tried records one send to one endpoint.
func (x *Exchange) Tried(a Attempt) {
	if x.attempts == nil {
		x.attempts = x.attemptRoom[:0]
	}
	x.attempts = append(x.attempts, a)
}

// Attempts returns what was sent where, oldest first.
func (x *Exchange) Attempts() []Attempt { return x.attempts }

// Interim sends a 1xx response to the client now. Safe from any goroutine;
// silent in a fork.
func (x *Exchange) Interim(status int, h http.Header) {
	if x.link != nil && !x.fork {
		x.link.Interim(status, h)
	}
}

// Stalled says that the response body pauses: the edge flushes what it has,
// from now on after each read.
func (x *Exchange) Stalled() {
	if x.link != nil && !x.fork {
		x.link.Stalled()
	}
}

// Closing is closed when the route retires: streams and tunnels come to their
// end. Nil, which never ends a wait, where the exchange has no route.
func (x *Exchange) Closing() <-chan struct{} {
	if x.entry == nil {
		return nil
	}
	return x.entry.Closing
}

// Cut reports whether the time that a retired route allows is over: the edge
// cuts the body that it copies, however long it would go on.
func (x *Exchange) Cut() bool {
	return x.entry != nil && x.entry.Cut != nil && x.entry.Cut.Load()
}

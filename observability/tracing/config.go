package tracing

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A Config holds the settings of the policy trace.
type Config struct {
	// Accept says which traces of callers are gone on with: valid (the default;
	// any that its form allows) or never, where each exchange begins a trace of
	// its own.
	Accept string `json:"accept,omitempty"`
	// Read names the forms in which traces of callers are read: w3c (traceparent
	// and tracestate), b3 (the one field b3), b3_multi (the fields X-B3-) and
	// jaeger (uber-trace-id). Where a caller sends several, the first one of the
	// list that holds counts. The default is w3c alone.
	Read []string `json:"read,omitempty" enum:"w3c,b3,b3_multi,jaeger"`
	// Send names the forms in which the backend is told of the trace, by the same
	// names. The fields of all other forms are removed, so that no caller tells
	// the backend of another trace. The default is w3c alone. On a route whose
	// trace a policy of the edge has begun, Send and Pass say what this route's
	// backend gets; where both are left out, that is what the edge sends.
	Send []string `json:"send,omitempty" enum:"w3c,b3,b3_multi,jaeger"`
	// Pass names forms whose fields go on to the backend as the caller sent them,
	// beside what is sent here. By default none do.
	Pass []string `json:"pass,omitempty" enum:"w3c,b3,b3_multi,jaeger"`
	// Sampling says who decides whether an exchange is recorded: tracer (the
	// default), or caller, where the tracer is not even asked for a trace that
	// the caller says is not sampled. That costs less, and is what samplers that
	// follow the parent decide anyway.
	Sampling string `json:"sampling,omitempty"`
	// Reply names a response field that tells the caller the id of the trace,
	// such as X-Trace-Id. By default none does.
	Reply string `json:"reply,omitempty"`
	// Stages says how the stages of an exchange that is recorded are told:
	// attributes (the default), where the span of the exchange holds what each
	// took, as far as a recorder has them timed; or spans, where each stage is a
	// span of its own with its decision, at the price of one more span each time.
	Stages string `json:"stages,omitempty" enum:"attributes,spans"`
}

// Validate reports what is wrong with c.
func (c Config) Validate() error {
	var faults registry.Faults
	oneOf(&faults, "/accept", c.Accept, "valid", "never")
	c.validateForms(&faults)
	oneOf(&faults, "/sampling", c.Sampling, "tracer", "caller")
	oneOf(&faults, "/stages", c.Stages, "attributes", "spans")
	if c.Reply != "" && !replyField(c.Reply) {
		faults.Add("/reply", "want the name of a response field of its own, such as X-Trace-Id, not %q", c.Reply)
	}
	return faults.Err()
}

func (c Config) validateForms(faults *registry.Faults) {
	someOf(faults, "/read", c.Read)
	someOf(faults, "/send", c.Send)
	someOf(faults, "/pass", c.Pass)
	if c.Accept == "never" && len(c.Read) > 0 {
		faults.Add("/read", "no form is read where accept is never")
	}
	sends := c.Send
	if sends == nil {
		sends = defaultForms()
	}
	for i, name := range c.Pass {
		if slices.Contains(sends, name) {
			faults.Add(fmt.Sprintf("/pass/%d", i), "%s is sent, so that the caller's cannot be passed on", name)
		}
	}
}

// defaultForms are those that are read and sent where settings name none.
func defaultForms() []string { return []string{formNames()[w3c]} }

// someOf holds a list to names of forms, each once.
func someOf(faults *registry.Faults, at string, names []string) {
	if names != nil && len(names) == 0 {
		faults.Add(at, "want one form at least, or leave it out")
	}
	for i, name := range names {
		place := fmt.Sprintf("%s/%d", at, i)
		switch {
		case name == "":
			faults.Add(place, "want the name of a form")
		case slices.Contains(names[:i], name):
			faults.Add(place, "%s is there twice", name)
		default:
			oneOf(faults, place, name, formNames()...)
		}
	}
}

func oneOf(faults *registry.Faults, at, got string, valid ...string) {
	if got == "" {
		return
	}
	for _, v := range valid {
		if got == v {
			return
		}
	}
	faults.Add(at, "%w", registry.Unknown("choice", got, valid))
}

// replyField reports whether name is a token, and no field that means
// something to HTTP itself.
func replyField(name string) bool {
	for i := range len(name) {
		if c := name[i] | 0x20; !letter(c) && !digit(name[i]) && name[i] != '-' && name[i] != '_' {
			return false
		}
	}
	switch http.CanonicalHeaderKey(name) {
	case "Connection", "Content-Length", "Content-Type", "Content-Encoding", "Date", "Set-Cookie", "Location",
		"Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Vary", "Cache-Control", "Www-Authenticate":
		return false
	}
	return true
}

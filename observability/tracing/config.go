package tracing

import (
	"net/http"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A Config holds the settings of the policy trace.
type Config struct {
	// Accept says which traces of callers are gone on with: valid (the default;
	// any that Trace Context allows) or never, where each exchange begins a
	// trace of its own.
	Accept string `json:"accept,omitempty"`
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
	oneOf(&faults, "/sampling", c.Sampling, "tracer", "caller")
	oneOf(&faults, "/stages", c.Stages, "attributes", "spans")
	if c.Reply != "" && !replyField(c.Reply) {
		faults.Add("/reply", "want the name of a response field of its own, such as X-Trace-Id, not %q", c.Reply)
	}
	return faults.Err()
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

package tracing

import "strings"

// A sampling is what was decided of a trace, in the words of B3. Trace Context
// and Jaeger have two of them: accepted, and all others.
type sampling uint8

const (
	deferred sampling = iota // nobody has decided
	denied
	accepted
	debug // accepted, and to be kept by all means
)

// sampled reports whether the trace is to be recorded.
func (s sampling) sampled() bool { return s >= accepted }

// decided is what became of s where a tracer has decided: of the words of B3,
// those stay that a tracer does not know.
func (s sampling) decided(sampled bool) sampling {
	switch {
	case sampled && s == debug, !sampled && s == deferred:
		return s
	case sampled:
		return accepted
	}
	return denied
}

// An id is the id of a trace. All zero is none.
type id struct{ high, low uint64 }

// A parent is what a form says of the trace of a caller. B3 may leave ids out
// and tell of the sampling alone.
type parent struct {
	trace    id
	span     uint64
	sampling sampling
	random   bool // Trace Context level 2: the trace id is random
}

// begun reports whether there is a trace to go on with.
func (p parent) begun() bool { return p.trace != id{} }

// parseOne reads a form of one field by parse. Two lines hold no more than
// none does: nobody knows which one counts.
func parseOne(lines []string, parse func(string) (parent, bool)) (p parent, there, holds bool) {
	if len(lines) != 1 {
		return parent{}, len(lines) > 0, false
	}
	if p, holds = parse(strings.Trim(lines[0], " \t")); !holds {
		return parent{}, true, false
	}
	return p, true, true
}

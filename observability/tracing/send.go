package tracing

import "github.com/seed-f9645bd3/gateway/pipeline"

// Where the ids stand in what is written: a traceparent and, behind it, the
// other forms.
const (
	traceFrom, traceTo = 3, 3 + lenTraceID
	spanFrom, spanTo   = traceTo + 1, traceTo + 1 + lenSpanID

	maxWritten = lenTraceparent + lenTraceID + 1 + lenSpanID + 2 + lenTraceID + 1 + lenSpanID + 4
)

// send has the backend sent p, in these forms, and returns the id of the trace
// as the fields have it. All that is written is one allocation.
func (p parent) send(x *pipeline.Exchange, forms formSet) (traceID string) {
	var room [maxWritten]byte
	b := p.appendTraceparent(room[:0])
	if forms.has(b3) {
		b = p.appendB3(b)
	}
	endB3 := len(b)
	if forms.has(jaeger) {
		b = p.appendJaeger(b)
	}
	written := string(b)
	if forms.has(w3c) {
		x.Set(fieldParent, written[:lenTraceparent])
	}
	if forms.has(b3) {
		x.Set(fieldB3, written[lenTraceparent:endB3])
	}
	if forms.has(b3Multi) {
		p.sendB3Multi(x, written)
	}
	if forms.has(jaeger) {
		x.Set(fieldJaeger, written[endB3:])
	}
	return written[traceFrom:traceTo]
}

// sendB3Multi sets the fields X-B3-, and removes those of them that have
// nothing to say. Debug implies that the trace is accepted.
func (p parent) sendB3Multi(x *pipeline.Exchange, written string) {
	x.Set(fieldB3Trace, written[traceFrom:traceTo])
	x.Set(fieldB3Span, written[spanFrom:spanTo])
	var sampled, flags string
	switch p.sampling {
	case denied:
		sampled = "0"
	case accepted:
		sampled = "1"
	case debug:
		flags = "1"
	}
	setOrDrop(x, fieldB3Sampled, sampled)
	setOrDrop(x, fieldB3Flags, flags)
	setOrDrop(x, fieldB3Parent, "")
}

// setOrDrop sets a field, or removes it where value is empty.
func setOrDrop(x *pipeline.Exchange, field, value string) {
	if value != "" {
		x.Set(field, value)
		return
	}
	drop(x, field)
}

// drop removes a field, if there is one to be sent.
func drop(x *pipeline.Exchange, field string) {
	if len(x.In.Header[field]) > 0 || x.Get(field) != "" {
		x.Del(field)
	}
}

// passOn has a field sent as it came, whatever a policy before has made of it.
func passOn(x *pipeline.Exchange, field string) {
	lines := x.In.Header[field]
	if len(lines) == 0 {
		drop(x, field)
		return
	}
	x.Set(field, lines[0])
	for _, line := range lines[1:] {
		x.Add(field, line)
	}
}

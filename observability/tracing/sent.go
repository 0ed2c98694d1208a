package tracing

import "github.com/seed-f9645bd3/gateway/pipeline"

// sent finds out what the exchange will send of its trace: in which forms, and
// what they say. What the caller sent, and what another policy has put there,
// is none of it.
func sent(x *pipeline.Exchange) (p parent, forms formSet) {
	trace, _ := traceIDFrom(x.TraceID)
	for _, f := range [...]form{w3c, jaeger, b3, b3Multi} { // the last one has words for all that can be said of sampling
		q, holds := f.sent(x)
		if !holds || q.trace != trace {
			continue
		}
		q.random = q.random || p.random
		p, forms = q, forms|1<<f
	}
	return p, forms
}

// sent reads the fields of a form that were set here.
func (f form) sent(x *pipeline.Exchange) (parent, bool) {
	switch f {
	case w3c:
		return parseTraceparent(replaced(x, fieldParent))
	case b3:
		return parseB3(replaced(x, fieldB3))
	case b3Multi:
		var m b3Fields
		if m[1] = replaced(x, fieldB3Span); m[1] == "" {
			return parent{}, false
		}
		m[0], m[3], m[4] = x.Get(fieldB3Trace), x.Get(fieldB3Sampled), x.Get(fieldB3Flags)
		return m.parse()
	default:
		return parseJaeger(replaced(x, fieldJaeger))
	}
}

// replaced returns the value of a field that is not the caller's.
func replaced(x *pipeline.Exchange, field string) string {
	value := x.Get(field)
	if lines := x.In.Header[field]; len(lines) > 0 && lines[0] == value {
		return ""
	}
	return value
}

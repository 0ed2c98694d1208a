package tracing

import (
	"net/http"
	"strings"
)

// parseB3 reads the one field of B3 (openzipkin/b3-propagation, "Single
// Header"): trace id, span id, sampling and the parent's span id, the last two
// optional; or sampling alone.
func parseB3(s string) (parent, bool) {
	if len(s) == 1 {
		sampling, ok := b3Sampling(s)
		return parent{sampling: sampling}, ok
	}
	traceID, rest, _ := strings.Cut(s, "-")
	spanID, rest, more := strings.Cut(rest, "-")
	p, ok := b3IDs(traceID, spanID)
	if !ok || !more {
		return p, ok
	}
	if len(rest) == 1 || len(rest) > 1 && rest[1] == '-' {
		if p.sampling, ok = b3Sampling(rest[:1]); !ok || len(rest) == 1 {
			return p, ok
		}
		rest = rest[2:]
	}
	return p, b3Parent(rest)
}

// b3Sampling reads the sampling of the one field.
func b3Sampling(s string) (sampling, bool) {
	switch s {
	case "0":
		return denied, true
	case "1":
		return accepted, true
	case "d":
		return debug, true
	}
	return deferred, false
}

// b3IDs reads the ids. That of a trace may have 64 bits, which are its low
// ones.
func b3IDs(traceID, spanID string) (parent, bool) {
	if len(traceID) != lenTraceID && len(traceID) != lenTraceID/2 || len(spanID) != lenSpanID {
		return parent{}, false
	}
	trace, traceOK := lowTrace(traceID)
	span, spanOK := lowSpan(spanID)
	return parent{trace: trace, span: span}, traceOK && spanOK
}

// b3Parent reports whether s is the id of a parent's span. It is not needed
// here; zeros, which some send of a root, are let pass.
func b3Parent(s string) bool {
	_, ok := lowHex(s)
	return ok && len(s) == lenSpanID
}

// appendB3 appends the one field of B3. The span of the caller is told by none
// of the forms.
func (p parent) appendB3(b []byte) []byte {
	b = p.trace.appendTo(b)
	b = appendHex(append(b, '-'), p.span)
	switch p.sampling {
	case denied:
		return append(b, "-0"...)
	case accepted:
		return append(b, "-1"...)
	case debug:
		return append(b, "-d"...)
	}
	return b
}

// parseB3Multi reads the fields X-B3- (openzipkin/b3-propagation, "Multiple
// Headers"). A field that does not hold, or comes twice, spoils all.
func parseB3Multi(h http.Header) (p parent, there, holds bool) {
	var m b3Fields
	for i, field := range b3MultiFields {
		lines := h[field]
		if len(lines) > 1 {
			return parent{}, true, false
		}
		if len(lines) == 1 {
			m[i], there = strings.Trim(lines[0], " \t"), true
		}
	}
	if !there {
		return parent{}, false, false
	}
	if p, holds = m.parse(); !holds {
		return parent{}, true, false
	}
	return p, true, true
}

// b3MultiFields are the fields in the order of b3Fields. It is never altered.
var b3MultiFields = [...]string{fieldB3Trace, fieldB3Span, fieldB3Parent, fieldB3Sampled, fieldB3Flags}

// b3Fields are the values of the fields; empty is as good as absent.
type b3Fields [len(b3MultiFields)]string

func (m *b3Fields) parse() (p parent, ok bool) {
	traceID, spanID, parentID, sampled, flags := m[0], m[1], m[2], m[3], m[4]
	if traceID != "" || spanID != "" || parentID != "" {
		if p, ok = b3IDs(traceID, spanID); !ok || parentID != "" && !b3Parent(parentID) {
			return parent{}, false
		}
	}
	switch sampled {
	case "":
	case "0", "false": // words that tracers sent before there was a specification
		p.sampling = denied
	case "1", "true":
		p.sampling = accepted
	default:
		return parent{}, false
	}
	if flags == "1" { // other flags never meant anything
		p.sampling = debug
	}
	return p, p.begun() || p.sampling != deferred
}

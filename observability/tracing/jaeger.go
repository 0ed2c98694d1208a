package tracing

import "strings"

const (
	jaegerSampled = 0x01
	jaegerDebug   = 0x02 // counts where the trace is sampled

	maxJaeger = 3*len("%3A") + lenTraceID + 2*lenSpanID + 2
)

// parseJaeger reads uber-trace-id (Jaeger, "Client Libraries", section
// Propagation Format): ids of the trace, of the span and of its parent, and
// flags, between colons that may be encoded as in a URL. Ids may be short, and
// in either case.
func parseJaeger(s string) (parent, bool) {
	if len(s) > maxJaeger {
		return parent{}, false
	}
	traceID, s := jaegerPart(s)
	spanID, s := jaegerPart(s)
	parentID, flagDigits := jaegerPart(s)
	trace, traceSeen := traceIDFrom(within(traceID, lenTraceID))
	span, spanSeen := number(within(spanID, lenSpanID))
	_, parentSeen := number(within(parentID, lenSpanID)) // deprecated, and ignored by who reads it
	flags, flagsSeen := number(within(flagDigits, 2))
	if (traceSeen|spanSeen|parentSeen|flagsSeen)&notHex != 0 || trace == (id{}) || span == 0 {
		return parent{}, false
	}
	return parent{trace: trace, span: span, sampling: jaegerSampling(flags)}, true
}

// jaegerPart cuts s behind its first colon.
func jaegerPart(s string) (part, rest string) {
	if part, rest, found := strings.Cut(s, ":"); found {
		return part, rest
	}
	for i := 0; i+len("%3A") <= len(s); i++ {
		if s[i] == '%' && s[i+1] == '3' && s[i+2]|0x20 == 'a' {
			return s[:i], s[i+len("%3A"):]
		}
	}
	return "", ""
}

// within returns s where it has one digit and no more than max, and else what
// is no number.
func within(s string, max int) string {
	if s == "" || len(s) > max {
		return "-"
	}
	return s
}

func jaegerSampling(flags uint64) sampling {
	switch {
	case flags&jaegerSampled == 0:
		return denied
	case flags&jaegerDebug != 0:
		return debug
	}
	return accepted
}

// appendJaeger appends uber-trace-id. Nothing is said of the parent.
func (p parent) appendJaeger(b []byte) []byte {
	flags := byte('0')
	if p.sampling.sampled() {
		flags |= jaegerSampled
	}
	if p.sampling == debug {
		flags |= jaegerDebug
	}
	b = p.trace.appendTo(b)
	b = appendHex(append(b, ':'), p.span)
	return append(append(b, ":0:"...), flags)
}

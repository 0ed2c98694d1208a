package tracing

const (
	lenTraceparent = 55 // of version 00

	flagSampled = 0x01
	flagRandom  = 0x02 // Trace Context level 2: the trace id is random
)

// parseTraceparent reads a traceparent (Trace Context section 3.2).
func parseTraceparent(s string) (parent, bool) {
	if len(s) < lenTraceparent || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return parent{}, false
	}
	trace, traceOK := lowTrace(s[3:35])
	span, spanOK := lowSpan(s[36:52])
	flags, flagsOK := lowHex(s[53:55])
	if _, versionOK := lowHex(s[:2]); !traceOK || !spanOK || !flagsOK || !versionOK || !extended(s[:2], s[lenTraceparent:]) {
		return parent{}, false
	}
	p := parent{trace: trace, span: span, sampling: denied, random: flags&flagRandom != 0}
	if flags&flagSampled != 0 {
		p.sampling = accepted
	}
	return p, true
}

// extended reports whether a field of the version may go on with rest. A later
// version may, behind another dash; what it says there is unknown here.
func extended(version, rest string) bool {
	switch version {
	case "ff":
		return false
	case "00":
		return rest == ""
	}
	return rest == "" || rest[0] == '-'
}

// appendTraceparent appends a field of version 00.
func (p parent) appendTraceparent(b []byte) []byte {
	b = p.trace.appendTo(append(b, "00-"...))
	b = appendHex(append(b, '-'), p.span)
	return append(b, '-', '0', '0'|byte(p.flags()))
}

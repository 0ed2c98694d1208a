package tracing

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
)

const (
	lenTraceID     = 32
	lenSpanID      = 16
	lenTraceparent = 55 // of version 00

	flagSampled = 0x01
	flagRandom  = 0x02 // Trace Context level 2: the trace id is random
)

// A parent is a traceparent field that holds.
type parent struct {
	traceID, spanID string // lower-case hexadecimal
	flags           byte
}

func (p parent) sampled() bool { return p.flags&flagSampled != 0 }

// parseTraceparent reads the lines of traceparent (Trace Context section 3.2).
// Two lines hold no more than none does: nobody knows which one counts.
func parseTraceparent(lines []string) (parent, bool) {
	if len(lines) != 1 {
		return parent{}, false
	}
	s := strings.Trim(lines[0], " \t")
	if len(s) < lenTraceparent || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return parent{}, false
	}
	version, traceID, spanID, flags := s[:2], s[3:35], s[36:52], s[53:55]
	if !hexadecimal(version) || !identifier(traceID) || !identifier(spanID) || !hexadecimal(flags) || !extended(version, s[lenTraceparent:]) {
		return parent{}, false
	}
	return parent{traceID, spanID, nibble(flags[1]) & (flagSampled | flagRandom)}, true
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

func hexadecimal(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// identifier reports whether s is hexadecimal and not all zero.
func identifier(s string) bool { return hexadecimal(s) && strings.Trim(s, "0") != "" }

// nibble returns the value of a hexadecimal digit.
func nibble(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c - 'a' + 10
}

// formatTraceparent writes a field of version 00.
func formatTraceparent(traceID string, span uint64, flags byte) string {
	var b [lenTraceparent]byte
	begin(&b, span, flags)
	copy(b[3:35], traceID)
	return string(b[:])
}

// newTraceparent writes a field that begins a trace.
func newTraceparent(high, low, span uint64, flags byte) string {
	var b [lenTraceparent]byte
	begin(&b, span, flags)
	putHex(b[3:19], high)
	putHex(b[19:35], low)
	return string(b[:])
}

func begin(b *[lenTraceparent]byte, span uint64, flags byte) {
	const digits = "0123456789abcdef"
	b[0], b[1], b[2], b[35], b[52] = '0', '0', '-', '-', '-'
	putHex(b[36:52], span)
	b[53], b[54] = digits[flags>>4], digits[flags&15]
}

func putHex(dst []byte, n uint64) {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], n)
	hex.Encode(dst, raw[:])
}

// traceIDOf returns the trace id of a field that formatTraceparent wrote.
func traceIDOf(traceparent string) string { return traceparent[3:35] }

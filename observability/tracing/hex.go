package tracing

import (
	"encoding/binary"
	"encoding/hex"
)

// Lengths of ids in hexadecimal digits.
const (
	lenTraceID = 32
	lenSpanID  = 16
)

// What a digit is beside its value.
const (
	upperCase  = 0x10
	notHex     = 0x80
	digitValue = 0x0f
)

// digitOf is written once, here.
var digitOf = func() (of [256]uint8) {
	for c := range of {
		of[c] = notHex
	}
	for i := range uint8(10) {
		of['0'+i] = i
	}
	for i := range uint8(6) {
		of['a'+i], of['A'+i] = 10+i, 10+i|upperCase
	}
	return of
}()

// number reads up to 16 hexadecimal digits; seen tells of what kinds they are.
func number(s string) (n uint64, seen uint8) {
	for i := range len(s) {
		d := digitOf[s[i]]
		seen |= d
		n = n<<4 | uint64(d&digitValue)
	}
	return n, seen &^ digitValue
}

// traceIDFrom reads up to 32 hexadecimal digits.
func traceIDFrom(s string) (t id, seen uint8) {
	cut := max(len(s)-lenSpanID, 0)
	high, seenHigh := number(s[:cut])
	low, seenLow := number(s[cut:])
	return id{high, low}, seenHigh | seenLow
}

// lowHex reads hexadecimal digits in lower case.
func lowHex(s string) (n uint64, ok bool) {
	n, seen := number(s)
	return n, seen == 0
}

// lowTrace reads the id of a trace in lower case, which is not all zero.
func lowTrace(s string) (t id, ok bool) {
	t, seen := traceIDFrom(s)
	return t, seen == 0 && t != id{}
}

// lowSpan reads the id of a span in lower case, which is not all zero.
func lowSpan(s string) (n uint64, ok bool) {
	n, seen := number(s)
	return n, seen == 0 && n != 0
}

// appendHex appends 16 digits.
func appendHex(b []byte, n uint64) []byte {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], n)
	return hex.AppendEncode(b, raw[:])
}

func (t id) appendTo(b []byte) []byte { return appendHex(appendHex(b, t.high), t.low) }

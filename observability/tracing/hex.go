package tracing

import "encoding/binary"

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
	for len(s) >= 8 {
		eight, low := lowEight(s[:8])
		if !low {
			break
		}
		n, s = n<<32|eight, s[8:]
	}
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

// each times a byte is that byte in each of eight places.
const each = 0x0101010101010101

// lowEight reads eight digits in lower case at once: what has their nibbles,
// and is made of them again, is what they are.
func lowEight(s string) (n uint64, ok bool) {
	w := uint64(s[7]) | uint64(s[6])<<8 | uint64(s[5])<<16 | uint64(s[4])<<24 |
		uint64(s[3])<<32 | uint64(s[2])<<40 | uint64(s[1])<<48 | uint64(s[0])<<56
	n = w&(each*0x0f) + (w>>6&each)*9
	if n&(each*0xf0) != 0 || digitsOf(n) != w {
		return 0, false
	}
	n = (n | n>>4) & 0x00ff00ff00ff00ff
	n = (n | n>>8) & 0x0000ffff0000ffff
	return (n | n>>16) & 0x00000000ffffffff, true
}

// digitsOf makes digits of eight nibbles, each in a byte of its own.
func digitsOf(nibbles uint64) uint64 {
	letters := (nibbles + each*(0x80-10)) >> 7 & each
	return nibbles + each*'0' + letters*('a'-'0'-10)
}

// appendHex appends 16 digits.
func appendHex(b []byte, n uint64) []byte {
	b = binary.BigEndian.AppendUint64(b, eightDigits(n>>32))
	return binary.BigEndian.AppendUint64(b, eightDigits(n&0xffffffff))
}

// eightDigits spreads eight nibbles over eight bytes.
func eightDigits(n uint64) uint64 {
	n = (n | n<<16) & 0x0000ffff0000ffff
	n = (n | n<<8) & 0x00ff00ff00ff00ff
	return digitsOf((n | n<<4) & 0x0f0f0f0f0f0f0f0f)
}

func (t id) appendTo(b []byte) []byte { return appendHex(appendHex(b, t.high), t.low) }

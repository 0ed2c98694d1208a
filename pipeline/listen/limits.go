package listen

import "time"

// Limits are what a connection may take of time and memory. What is zero has
// the default that its comment names.
type Limits struct {
	// ReadHeader bounds the time that a head takes from its first byte, and the
	// time that a new connection takes to its first byte, its TLS handshake and
	// its PROXY header. Default 5s.
	ReadHeader time.Duration
	// Idle bounds the time between two requests. Default 60s.
	Idle time.Duration
	// LineBytes bounds the request line. Default 8 KiB.
	LineBytes int
	// HeadBytes bounds a head with its request line. Default 32 KiB.
	HeadBytes int
	// Fields bounds the fields of a head. Default 100.
	Fields int
	// BodyRate is the least rate of a body in bytes per second, averaged over
	// BodyGrace; only the time that is spent waiting for the client counts.
	// Default 500; negative: none.
	BodyRate int
	// BodyGrace is how long a body may bring nothing at all. Default 10s.
	BodyGrace time.Duration
	// WriteRate is the least rate, in bytes per second, at which the peer takes
	// what is written to it, averaged over WriteStall; only the time that is
	// spent waiting for it counts. Default 500; negative: none.
	WriteRate int
	// WriteStall bounds the time in which the peer takes nothing of what is
	// written to it. Default 30s; negative: none.
	WriteStall time.Duration
	// H2C lets a connection without TLS begin with the preface of HTTP/2.
	H2C bool
}

// withDefaults returns l with its zero values replaced.
func (l Limits) withDefaults() Limits {
	l.ReadHeader = orDefault(l.ReadHeader, 5*time.Second)
	l.Idle = orDefault(l.Idle, 60*time.Second)
	l.LineBytes = orDefault(l.LineBytes, 8<<10)
	l.HeadBytes = orDefault(l.HeadBytes, 32<<10)
	l.Fields = orDefault(l.Fields, 100)
	l.BodyRate = orDefault(l.BodyRate, 500)
	l.BodyGrace = orDefault(l.BodyGrace, 10*time.Second)
	l.WriteRate = orDefault(l.WriteRate, 500)
	l.WriteStall = orDefault(l.WriteStall, 30*time.Second)
	return l
}

func (l *Limits) bodies() measure {
	if l.BodyRate < 0 {
		return measure{l.BodyRate, -1}
	}
	return measure{l.BodyRate, l.BodyGrace}
}

func (l *Limits) answers() measure { return measure{l.WriteRate, l.WriteStall} }

func orDefault[T comparable](v, standard T) T {
	var zero T
	if v == zero {
		return standard
	}
	return v
}

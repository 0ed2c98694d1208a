package h1

import (
	"bytes"
	"io"
)

// Bounds of what is read at once.
const (
	bufferSize = 4 << 10
	maxHead    = 64 << 10 // of one head, final or interim, and of all interim ones together
	maxLine    = 1 << 10  // of the line before a chunk
	maxTrailer = 16 << 10
)

// A buffer holds what was read of a connection and not taken yet.
type buffer struct {
	b     []byte
	r, w  int
	short bool // the last read found less than there was room for
}

func (b *buffer) bytes() []byte { return b.b[b.r:b.w] }

func (b *buffer) len() int { return b.w - b.r }

// take takes n bytes that are there.
func (b *buffer) take(n int) {
	if b.r += n; b.r == b.w {
		b.r, b.w = 0, 0
	}
}

// fill reads once, behind what is there. Where there is no room for more, it
// makes some, up to max bytes in all.
func (b *buffer) fill(src io.Reader, max int) error {
	switch {
	case b.w < len(b.b):
	case b.r > 0:
		b.w = copy(b.b, b.bytes())
		b.r = 0
	case len(b.b) == 0:
		b.b = make([]byte, bufferSize)
	case len(b.b) >= max:
		return MalformedError("too long")
	default:
		b.b = append(b.b, make([]byte, min(2*len(b.b), max)-len(b.b))...)
	}
	n, err := src.Read(b.b[b.w:])
	b.short = n < len(b.b)-b.w
	b.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// shed lets go of a buffer that an unusual answer has left.
func (b *buffer) shed() {
	if len(b.b) > bufferSize && b.len() == 0 {
		b.b = nil
	}
}

// line returns the next line without its end, and how many bytes it takes with
// it; ok is false where the end is not there yet. A line ends in CR LF, and
// neither stands alone in it (RFC 9112 section 2.2 lets a client take a bare
// LF for the end of a line, too; where one side does and the other does not,
// they read two different messages).
func (b *buffer) line() (line []byte, size int, ok bool, err error) {
	at := bytes.IndexByte(b.bytes(), '\n')
	if at < 0 {
		return nil, 0, false, nil
	}
	line = b.bytes()[:at]
	if at == 0 || line[at-1] != '\r' || bytes.IndexByte(line[:at-1], '\r') >= 0 {
		return nil, 0, false, MalformedError("a line that does not end in CR LF")
	}
	return line[:at-1], at + 1, true, nil
}

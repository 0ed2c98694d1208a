package listen

import "encoding/binary"

// Frames of HTTP/2 and their flags: RFC 9113 section 6.
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	frameReset        = 0x3
	frameSettings     = 0x4
	framePing         = 0x6
	frameGoAway       = 0x7
	frameWindowUpdate = 0x8
	frameContinuation = 0x9

	flagAck        = 0x1
	flagEndStream  = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
)

const (
	frameHead = 9 // length, kind, flags, stream
	codeBytes = 4 // of the code of a reset
)

// frames finds frames in a stream of bytes. It looks at their heads, and at
// the code of a reset, and holds nothing else.
type frames struct {
	head [frameHead + codeBytes]byte
	have int // of the head that is being read
	rest int // of the payload
}

// next looks at data, which begins right after what was taken before, and
// returns how much of it was; begun tells that it ended with a head.
func (f *frames) next(data []byte) (n int, begun bool) {
	if f.rest > 0 {
		n = min(f.rest, len(data))
		f.rest -= n
		return n, false
	}
	need := f.need()
	n = copy(f.head[f.have:need], data)
	f.have += n
	if f.have < need || need < f.need() {
		return n, false
	}
	f.have, f.rest = 0, f.length()-(need-frameHead)
	return n, true
}

func (f *frames) need() int {
	if f.have >= frameHead && f.kind() == frameReset && f.length() == codeBytes {
		return frameHead + codeBytes
	}
	return frameHead
}

// between tells whether the next byte begins a frame.
func (f *frames) between() bool { return f.have == 0 && f.rest == 0 }

func (f *frames) length() int      { return int(f.head[0])<<16 | int(f.head[1])<<8 | int(f.head[2]) }
func (f *frames) kind() byte       { return f.head[3] }
func (f *frames) has(b byte) bool  { return f.head[4]&b != 0 }
func (f *frames) stream() uint32   { return binary.BigEndian.Uint32(f.head[5:]) & (1<<31 - 1) }
func (f *frames) errCode() uint32  { return binary.BigEndian.Uint32(f.head[frameHead:]) }
func (f *frames) endsStream() bool { return f.kind() <= frameHeaders && f.has(flagEndStream) }

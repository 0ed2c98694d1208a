package listen

import "sync"

const bufferBytes = 4 << 10

var buffers = sync.Pool{New: func() any { return new([bufferBytes]byte) }}

// A buffer holds what came and cannot go on yet. An idle connection has none.
type buffer struct {
	store *[bufferBytes]byte // where buf is, unless it is larger
	buf   []byte
}

// room returns where more can be read to.
func (b *buffer) room() []byte {
	switch {
	case b.buf == nil:
		b.store = buffers.Get().(*[bufferBytes]byte)
		b.buf = b.store[:0]
	case len(b.buf) < cap(b.buf):
	case b.store != nil && len(b.buf) < bufferBytes: // there is room at the front
		b.buf = b.store[:copy(b.store[:], b.buf)]
	default:
		larger := make([]byte, len(b.buf), 2*max(len(b.buf), bufferBytes))
		copy(larger, b.buf)
		b.free()
		b.buf = larger
	}
	return b.buf[len(b.buf):cap(b.buf)]
}

// append adds p, which is not in the buffer.
func (b *buffer) append(p []byte) {
	for len(p) > 0 {
		n := copy(b.room(), p)
		b.buf = b.buf[:len(b.buf)+n]
		p = p[n:]
	}
}

// drop forgets the first n bytes.
func (b *buffer) drop(n int) {
	if b.buf = b.buf[n:]; len(b.buf) == 0 {
		b.free()
	}
}

// free forgets everything.
func (b *buffer) free() {
	if b.store != nil {
		buffers.Put(b.store)
	}
	b.store, b.buf = nil, nil
}

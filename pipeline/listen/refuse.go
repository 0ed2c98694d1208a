package listen

import (
	"io"
	"time"
)

// poison is what no reader of chunks takes, wherever in a body or its trailers
// it comes: an error of the connection would have net/http end the context of
// the request, and with it the answer.
const poison = "x\n\r\n\r\n"

// refuse ends what is read. A head is answered here; what is wrong with a body
// is told to who reads it, and may still be answered there.
func (c *Conn) refuse(f *fault) {
	if c.refused != nil {
		c.refused(c, f)
	}
	c.free()
	if c.framer.phase == inHead {
		c.over = io.EOF
		c.answer(f)
		return
	}
	c.over = f
	c.blamed.Store(true)
	if !f.Timeout() {
		c.append([]byte(poison))
		c.ready = len(poison)
	}
}

// Bounds of the time and the bytes that a refused client is given, so that it
// reads the answer: a reset would take it away.
const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 256 << 10
)

func (c *Conn) answer(f *fault) {
	now := time.Now()
	_ = c.Conn.SetWriteDeadline(now.Add(lingerTime))
	if _, err := c.Conn.Write(f.response(now)); err == nil {
		c.linger()
	}
}

// linger says that nothing more is sent, and drops what comes until the client
// says the same.
func (c *Conn) linger() {
	if c.CloseWrite() != nil {
		return
	}
	room := buffers.Get().(*[bufferBytes]byte)
	defer buffers.Put(room)
	by := time.Now().Add(lingerTime)
	for total := 0; total < lingerBytes; {
		n, _, err := c.deadline.read(room[:], by)
		if err != nil {
			return
		}
		total += n
	}
}

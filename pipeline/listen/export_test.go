package listen

import (
	"io"
	"net"
)

// Between tells whether what was passed on ends where a message does.
func (c *Conn) Between() bool { return c.framer.phase == inHead && c.ready == 0 }

// ReadProxy is for the fuzz target.
var ReadProxy = readProxy

// Poison is what passes in the place of a body that is at fault.
const Poison = poison

// Watching returns what looks at the frames of a client, and tells whether they
// go on.
func Watching() func(p []byte) bool {
	l := Limits{}.withDefaults()
	w := newFrameWatch(&l)
	return func(p []byte) bool { return w.saw(p) == nil }
}

// Frames returns the heads of the frames in data, which is looked at in pieces
// of a size.
func Frames(data []byte, size int) (heads []string) {
	var f frames
	for len(data) > 0 {
		piece := data[:min(size, len(data))]
		data = data[len(piece):]
		for len(piece) > 0 {
			n, begun := f.next(piece)
			if piece = piece[n:]; begun {
				heads = append(heads, string(f.head[:frameHead]))
			}
		}
	}
	return heads
}

// Counting returns what a connection passes on its way in and out, where a
// listener has these bounds.
func Counting(total, each int) (enter func(client net.Addr) (leave func())) {
	c := newConnections(total, each)
	return func(client net.Addr) func() {
		one, ok := c.enter(nil)
		if !ok || one.belongs(client) != nil {
			panic("a connection is refused")
		}
		return one.leave
	}
}

// An Outbox is what connections of HTTP/2 send by.
type Outbox = outbox

// OutboxBytes is what an Outbox holds.
const OutboxBytes = outboxBytes

// NewOutbox returns an Outbox that sends to to.
func NewOutbox(to io.WriteCloser) *Outbox {
	o := &outbox{}
	o.begin(to)
	return o
}

// Closes has the outbox close what it sends to, once all is sent.
func (o *outbox) Closes() bool { return o.closes() }

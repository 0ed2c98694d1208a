package listen

import (
	"io"
	"runtime"
	"sync"
)

// outboxBytes bounds what an outbox takes ahead of the write under way: a frame
// of DATA, and what stands around it.
const outboxBytes = 32 << 10

var outboxes = sync.Pool{New: func() any { return new([outboxBytes]byte) }}

// An outbox gathers what the server sends on a connection of HTTP/2. The server
// writes the head of an answer before it has seen the body, and the answers of
// streams one by one; sent like that, each is a packet and wakes the client. So
// what is written goes out on a goroutine of its own, which lets all others
// that could run go first: what they write meanwhile goes along. Where there
// are none, that is at once.
//
// A write fails for what failed before it. One outbox is held while something
// is in it, another while it is written; whoever writes more waits.
type outbox struct {
	to io.WriteCloser

	mu      sync.Mutex
	changed sync.Cond
	store   *[outboxBytes]byte // nil where nothing is in it
	have    int                // bytes of it
	sending bool               // there is a goroutine that sends
	closed  bool               // it closes the connection in the end
	err     error
}

func (o *outbox) begin(to io.WriteCloser) { o.to, o.changed.L = to, &o.mu }

// Write implements io.Writer. It keeps nothing of p.
func (o *outbox) Write(p []byte) (n int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for n < len(p) {
		for o.have == outboxBytes && o.err == nil {
			o.changed.Wait()
		}
		if o.err != nil {
			return n, o.err
		}
		n += o.add(p[n:])
	}
	return n, nil
}

func (o *outbox) add(p []byte) int {
	if o.store == nil {
		o.store = outboxes.Get().(*[outboxBytes]byte)
	}
	n := copy(o.store[o.have:], p)
	o.have += n
	if !o.sending {
		o.sending = true
		go o.send()
	}
	return n
}

// send sends until there is nothing more.
func (o *outbox) send() {
	runtime.Gosched()
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.have > 0 && o.err == nil {
		o.err = o.sendOne()
	}
	o.sending = false
	if o.closed {
		_ = o.to.Close() // there is nobody to tell
	}
}

// sendOne sends what there is. It is called with mu held, and lets go of it
// meanwhile.
func (o *outbox) sendOne() error {
	store, n := o.store, o.have
	o.store, o.have = nil, 0
	o.changed.Broadcast()
	o.mu.Unlock()
	_, err := o.to.Write(store[:n])
	outboxes.Put(store)
	o.mu.Lock()
	if err != nil {
		o.changed.Broadcast()
	}
	return err
}

// closes has the outbox close the connection once what is in it is sent. It
// reports false where nothing is, and does nothing.
func (o *outbox) closes() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = o.have > 0 && o.err == nil
	return o.closed
}

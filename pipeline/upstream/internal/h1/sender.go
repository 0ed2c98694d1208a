package h1

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// sendSize is how much of a request body is sent at once.
const sendSize = 32 << 10

// room is left in front of a piece for the line of its chunk.
const room = 16

// A sendBuffer is what a body is sent through.
type sendBuffer [room + sendSize + 64]byte

// sendBuffers recycles them; what it holds is never state.
var sendBuffers = sync.Pool{New: func() any { return new(sendBuffer) }}

const (
	// proceedAfter is how long a backend that was asked to may take to say that
	// it wants the body (RFC 9110 section 10.1.1).
	proceedAfter = time.Second
	// lastWrite is how long the end of a body may take to go out when the answer
	// is there already.
	lastWrite = 50 * time.Millisecond
	// emptyReads bounds the reads in a row that bring nothing.
	emptyReads = 100
)

// A Stream is a request body that the client is still sending.
type Stream struct {
	Body    io.ReadCloser
	Length  int64       // -1 in chunks
	Trailer http.Header // sent behind the last chunk; filled in when Body has ended
	Expect  bool        // send it only when the backend says so
	// HeadWithin bounds the wait for the head of the answer from when the body
	// was sent.
	HeadWithin time.Duration
}

// A Sender is the goroutine that sends a request body. It ends when the body
// was sent, or its Read has returned after Stop.
type Sender struct {
	Stream
	conn    *Conn
	turn    uint64
	proceed chan struct{} // nil where nobody is asked
	stop    chan struct{}
	done    chan struct{}
	stopped sync.Once
	going   sync.Once
	closed  sync.Once
	over    atomic.Bool // Stop was called
	last    atomic.Bool // the end is on its way
	whole   atomic.Bool // all of it was written
	err     atomic.Pointer[error]
	burst   error // what Close of the body panicked with; read after done
}

// Stream sends the body in a goroutine of its own, behind the head that was
// sent.
func (c *Conn) Stream(b Stream) *Sender {
	s := &Sender{Stream: b, conn: c, turn: c.watch.turn, stop: make(chan struct{}), done: make(chan struct{})}
	if b.Expect {
		s.proceed = make(chan struct{})
	}
	go s.run()
	return s
}

// Proceed says that the backend wants the body.
func (s *Sender) Proceed() {
	if s != nil && s.proceed != nil {
		s.going.Do(func() { close(s.proceed) })
	}
}

// Final says that the answer is there: a backend that was asked whether it
// wants the body, and has not said so, does not get it.
func (s *Sender) Final() {
	if s != nil && s.proceed != nil {
		s.going.Do(s.Stop)
	}
}

// Stop has the sender send nothing more.
func (s *Sender) Stop() {
	if s != nil {
		s.over.Store(true)
		s.stopped.Do(func() { close(s.stop) })
	}
}

// Join waits until nobody touches the body any more, which is closed by then.
// To close it is what frees whoever waits for a client, unless that is freed
// from elsewhere. Its error is that closing the body panicked.
func (s *Sender) Join() error {
	if s == nil {
		return nil
	}
	s.Stop()
	select {
	case <-s.done:
		return s.burst
	default:
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.close()
	}()
	<-s.done
	<-closed
	return s.burst
}

// Err returns what is wrong with the body itself, nil where nothing is.
func (s *Sender) Err() error {
	if s == nil {
		return nil
	}
	if err := s.err.Load(); err != nil {
		return *err
	}
	return nil
}

// complete reports whether the request was written to its end. Where the end
// is on its way, it waits a little.
func (s *Sender) complete() bool {
	if s == nil {
		return true
	}
	if s.last.Load() {
		late := time.NewTimer(lastWrite)
		defer late.Stop()
		select {
		case <-s.done:
		case <-late.C:
		}
	}
	select {
	case <-s.done:
		return s.whole.Load()
	default:
		s.Stop()
		return false
	}
}

func (s *Sender) run() {
	defer close(s.done)
	defer s.close()
	defer func() {
		if v := recover(); v != nil { // the body may be somebody's own
			s.fail(fmt.Errorf("panic in a request body: %v", v))
		}
	}()
	if !s.wanted() {
		return
	}
	buf := sendBuffers.Get().(*sendBuffer)
	defer sendBuffers.Put(buf)
	if s.send(buf) {
		s.whole.Store(true)
		s.conn.hasten(s.turn, s.conn.pool.sweeper.now()+s.HeadWithin)
	}
}

// close closes the body, which may be somebody's own. Where that panics, what
// was sent of it is as it was: it is told at the end of the exchange.
func (s *Sender) close() {
	s.closed.Do(func() {
		defer func() {
			if v := recover(); v != nil {
				s.burst = fmt.Errorf("panic while a request body was closed: %v", v)
			}
		}()
		_ = s.Body.Close()
	})
}

// fail ends the exchange: what is sent of the request is not what was meant.
func (s *Sender) fail(err error) {
	s.err.CompareAndSwap(nil, &err)
	s.conn.fail(s.turn, err)
}

// wanted waits until the backend wants the body, or does not say that it does
// not.
func (s *Sender) wanted() bool {
	if s.proceed == nil {
		return true
	}
	late := time.NewTimer(proceedAfter)
	defer late.Stop()
	select {
	case <-s.proceed:
	case <-late.C:
		s.Proceed()
	case <-s.stop:
	}
	return !s.over.Load()
}

// send copies the body, and reports whether all of it was written.
func (s *Sender) send(buf *sendBuffer) bool {
	for empty := 0; ; {
		n, err := s.Body.Read(s.space(buf))
		if s.over.Load() {
			return false
		}
		end := errors.Is(err, io.EOF)
		if s.Length >= 0 {
			s.Length -= int64(n)
		}
		switch {
		case err != nil && !end:
			s.fail(err)
			return false
		case end && s.Length > 0:
			s.fail(ErrShortBody)
			return false
		case end, s.Length == 0:
			s.last.Store(true)
			return s.write(buf, n, true)
		case n > 0 && !s.write(buf, n, false):
			return false
		}
		if empty++; n > 0 {
			empty = 0
		}
		if empty == emptyReads {
			s.fail(io.ErrNoProgress)
			return false
		}
	}
}

// space is where the next piece is read to.
func (s *Sender) space(buf *sendBuffer) []byte {
	p := buf[room : room+sendSize]
	if s.Length >= 0 {
		p = p[:min(s.Length, sendSize)]
	}
	return p
}

// write sends a piece of n bytes, in one call.
func (s *Sender) write(buf *sendBuffer, n int, last bool) bool {
	if s.Length >= 0 {
		return n == 0 || s.conn.sendPiece(buf[room:room+n]) == nil
	}
	out := buf[room:room]
	if n > 0 {
		line := strconv.AppendInt(buf[:0:room], int64(n), 16)
		line = append(line, '\r', '\n')
		start := room - len(line)
		copy(buf[start:room], line)
		out = append(buf[start:room+n], '\r', '\n')
	}
	if last {
		out = append(out, "0\r\n"...)
		out = s.appendTrailer(out)
		out = append(out, '\r', '\n')
	}
	return s.conn.sendPiece(out) == nil
}

// appendTrailer writes the fields behind the body, those that can be.
func (s *Sender) appendTrailer(out []byte) []byte {
	if len(s.Trailer) == 0 {
		return out
	}
	names := make([]string, 0, len(s.Trailer))
	for name := range s.Trailer {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range s.Trailer[name] {
			if isToken(name) && isText(value) {
				out = append(append(append(append(out, name...), ": "...), value...), '\r', '\n')
			}
		}
	}
	return out
}

package h1

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// An Answer is the answer to one request: its head, and its body as Resp.Body
// is to read it. One goroutine reads; Close may be called by another.
type Answer struct {
	Resp http.Response
	// Pauses is told before a read of a body of known length that is likely to
	// wait; nil where nobody asks.
	Pauses interface{ Stalled() }

	conn    *Conn
	sender  *Sender
	framing framing
	keep    bool  // the connection may serve on after the body
	left    int64 // of the body, or of the chunk
	chunks  chunks
	state   atomic.Int32
	err     error // of the last Read, once it has failed
}

// States of an answer.
const (
	open    int32 = iota
	reading       // somebody is inside Read
	over          // the connection is not the answer's any more
)

// ReadHead reads one head, that of an interim answer or of the final one, whose
// body Deliver is to be called for. method is that of the request.
func (a *Answer) ReadHead(c *Conn, method string) error {
	a.conn = c
	size, err := c.awaitHead()
	if err != nil {
		return err
	}
	head := string(c.in.bytes()[:size])
	c.in.take(size)
	line, rest := cutLine(head)
	resp := &a.Resp
	if err := parseStatus(line, resp); err != nil {
		return err
	}
	if resp.Header, err = parseFields(rest[:len(rest)-2]); err != nil {
		return err
	}
	if a.Interim() {
		return nil
	}
	c.settle()
	var length int64
	a.framing, length, a.keep, err = frame(resp, method)
	if err != nil {
		return err
	}
	a.left, resp.ContentLength, resp.Close = length, length, !a.keep
	if a.framing == chunked {
		a.left = 0
		resp.Trailer = announced(resp.Header)
	}
	return nil
}

func cutLine(s string) (line, rest string) {
	for i := 0; ; i++ { // the head was found to hold a line
		if s[i] == '\r' {
			return s[:i], s[i+2:]
		}
	}
}

// Interim reports whether the head that was read is not that of the final
// answer: another follows.
func (a *Answer) Interim() bool {
	return a.Resp.StatusCode < 200 && a.Resp.StatusCode != http.StatusSwitchingProtocols
}

// awaitHead reads until a whole head is there, and returns its size. What
// cannot become one is known as soon as it comes.
func (c *Conn) awaitHead() (size int, err error) {
	start := 0 // of the line that is looked at
	for {
		b := c.in.bytes()
		if !begins(b) {
			return 0, MalformedError("no HTTP")
		}
		for {
			n := bytes.IndexByte(b[start:], '\n')
			if n < 0 {
				break
			}
			line := b[start : start+n]
			if n == 0 || line[n-1] != '\r' || bytes.IndexByte(line[:n-1], '\r') >= 0 {
				return 0, MalformedError("a line that does not end in CR LF")
			}
			start += n + 1
			if n == 1 {
				return start, nil
			}
		}
		if len(b) >= maxHead {
			return 0, MalformedError("a head that is too long")
		}
		if err := c.in.fill(c, maxHead); err != nil {
			if len(b) > 0 && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
	}
}

// Sends ties the goroutine to the answer that sends the body of the request.
func (a *Answer) Sends(s *Sender) { a.sender = s }

// Deliver makes body the body of the answer, if it has one. If not, the
// connection is given back now.
func (a *Answer) Deliver(body io.ReadCloser) {
	if a.framing == noBody {
		a.Resp.Body = http.NoBody
		a.state.Store(over)
		a.release()
		return
	}
	a.Resp.Body = body
}

// release gives the connection back. An answer to a request that is still on
// its way ends both.
func (a *Answer) release() { a.conn.finish(a.keep && a.sender.complete()) }

// Read implements io.Reader. io.EOF means that the body is whole.
func (a *Answer) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !a.state.CompareAndSwap(open, reading) {
		if a.err == nil {
			return 0, ErrClosed
		}
		return 0, a.err
	}
	n, err := a.read(p)
	switch {
	case err == nil:
		if a.state.CompareAndSwap(reading, open) {
			return n, nil
		}
		err = ErrClosed
	case a.state.CompareAndSwap(reading, over):
		err = a.conclude(err)
	case !errors.Is(err, io.EOF):
		err = ErrClosed
	}
	a.err = err
	return n, err
}

// conclude lets go of the connection after the last Read.
func (a *Answer) conclude(err error) error {
	if err == io.EOF { // the body's own
		a.release()
		return err
	}
	if why := a.conn.Why(); why != nil {
		err = why
	}
	a.conn.Drop()
	return err
}

func (a *Answer) read(p []byte) (int, error) {
	switch a.framing {
	case counted:
		return a.readCounted(p)
	case chunked:
		return a.readChunked(p)
	}
	return a.readAny(p)
}

func (a *Answer) readCounted(p []byte) (int, error) {
	n, err := a.readAny(p[:min(int64(len(p)), a.left)])
	a.left -= int64(n)
	switch {
	case a.left == 0:
		return n, io.EOF
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// readAny reads what is there, or the next that comes.
func (a *Answer) readAny(p []byte) (int, error) {
	in := &a.conn.in
	if in.len() > 0 {
		n := copy(p, in.bytes())
		in.take(n)
		return n, nil
	}
	if in.short && a.framing == counted && a.Pauses != nil {
		a.Pauses.Stalled()
	}
	n, err := a.conn.Read(p)
	in.short = n < len(p)
	return n, err
}

// Close ends the answer. It may be called while Read waits, which then returns.
// What is left of the body is read only where all of it is there.
func (a *Answer) Close() error {
	switch a.state.Swap(over) {
	case open:
		if a.rest() {
			a.release()
		} else {
			a.conn.Drop()
		}
	case reading:
		a.conn.Drop()
	}
	return nil
}

// rest takes what is left of the body out of the buffer, and reports whether
// that was all of it.
func (a *Answer) rest() bool {
	in := &a.conn.in
	switch a.framing {
	case counted:
		if a.left > int64(in.len()) {
			return false
		}
		in.take(int(a.left))
		return true
	case chunked:
		return a.restOfChunks()
	}
	return false
}

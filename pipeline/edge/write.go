package edge

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"runtime"
	"strings"
	"sync"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

var errCutOff = errors.New("the route was replaced, and its time to end is over")

var errLength = errors.New("response body has another length than announced")

// deliver writes the response that settle left.
func (c *call) deliver() {
	if c.resp != nil && c.resp.StatusCode == http.StatusSwitchingProtocols {
		if err := c.tunnel(c.resp); err != nil {
			c.refuse(err)
		}
	}
	if c.resp != nil && c.resp.StatusCode != http.StatusSwitchingProtocols {
		c.write(c.resp)
	}
}

func (c *call) write(resp *http.Response) {
	c.seal()
	announced := c.head(resp)
	c.early()
	c.status = resp.StatusCode
	c.w.WriteHeader(resp.StatusCode)
	if c.bodied(resp) {
		if err := c.pass(resp); err != nil {
			c.broken(err)
			return
		}
	}
	c.trail(resp, announced)
}

// pass copies the body. Where its length is unknown and it does not tell its
// pauses either, the head goes at once and each read at once after it.
func (c *call) pass(resp *http.Response) error {
	events := eventStream(resp)
	if events || resp.ContentLength < 0 && !pipeline.Steady(resp.Body) {
		c.flushing = true
		if err := c.flush(); err != nil {
			return err
		}
	}
	if !events || c.x.Closing() == nil {
		return c.copyBody(resp)
	}
	closed, err := c.copyUntil(c.x.Closing(), resp)
	if closed && resp.ContentLength < 0 && !errors.Is(err, errGone) {
		return nil
	}
	return err
}

func eventStream(resp *http.Response) bool {
	t := resp.Header.Get("Content-Type")
	if !strings.HasPrefix(t, "text/event-stream") {
		return false
	}
	t, _, err := mime.ParseMediaType(t)
	return err == nil && t == "text/event-stream"
}

// copyUntil copies the body until it ends or closing is closed, and reports
// whether that was what ended it.
func (c *call) copyUntil(closing <-chan struct{}, resp *http.Response) (closed bool, err error) {
	end := closeOn(closing, resp.Body)
	defer func() { closed = end() }()
	return false, c.copyBody(resp)
}

// closeOn closes body as soon as closing is closed. end stops it, waits for it
// and reports whether it closed.
func closeOn(closing <-chan struct{}, body io.Closer) (end func() bool) {
	stop, result := make(chan struct{}), make(chan bool, 1)
	go func() {
		select {
		case <-closing:
			_ = body.Close() // ends the read; its error comes from there
			result <- true
		case <-stop:
			result <- false
		}
	}()
	return func() bool {
		close(stop)
		return <-result
	}
}

// A copyBuffer is what a body is copied through.
type copyBuffer [32 << 10]byte

// copyBuffers recycles them; what it holds is never state.
var copyBuffers = sync.Pool{New: func() any { return new(copyBuffer) }}

// A longBuffer is what a body is copied through that is known to be longer than
// a copyBuffer, and to be there at once, with room for it in the socket: it
// takes half the system calls. What may take its time goes through less: many
// such bodies are under way beside each other.
type longBuffer [64 << 10]byte

// maxLong is the longest body that is copied through a longBuffer.
const maxLong = 256 << 10

var longBuffers = sync.Pool{New: func() any { return new(longBuffer) }}

func (c *call) copyBody(resp *http.Response) error {
	if n := resp.ContentLength; n > int64(len(copyBuffer{})) && n <= maxLong {
		buf := longBuffers.Get().(*longBuffer)
		defer longBuffers.Put(buf)
		return c.copyThrough(buf[:], resp)
	}
	buf := copyBuffers.Get().(*copyBuffer)
	defer copyBuffers.Put(buf)
	return c.copyThrough(buf[:], resp)
}

// turn is after how many reads a body lets others have their turn. One that
// comes as fast as it is taken waits for nothing, and a goroutine that does not
// wait keeps its processor for 10 ms each time: a few of them would have
// everybody else wait as long, at each step of a request.
const turn = 16

func (c *call) copyThrough(buf []byte, resp *http.Response) error {
	for reads := 1; ; reads++ {
		if reads%turn == 0 {
			runtime.Gosched()
		}
		n, err := resp.Body.Read(buf)
		if resp.ContentLength >= 0 && c.sent+int64(n) > resp.ContentLength {
			return errLength
		}
		if n > 0 {
			if err := c.put(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if c.x.Cut() {
			return errCutOff
		}
	}
	if resp.ContentLength >= 0 && c.sent != resp.ContentLength {
		return errLength
	}
	return nil
}

func (c *call) put(p []byte) error {
	n, err := c.writeBody(p)
	c.sent += int64(n)
	if err != nil {
		return gone(err)
	}
	if c.flushing {
		return c.flush()
	}
	return nil
}

// gathered is from where on a write is gathered. net/http fills up its buffer of
// 4 KiB and sends it, and then what is left, if that is more than the buffer
// takes: by two system calls, of which the first wakes the client for little.
const gathered = 8 << 10

func (c *call) writeBody(p []byte) (int, error) {
	if len(p) < gathered {
		return c.w.Write(p)
	}
	g := c.edge.gathering(c.client.Context())
	if g == nil {
		return c.w.Write(p)
	}
	g.Gather()
	n, err := c.w.Write(p)
	if failed := g.Send(); err == nil {
		err = failed
	}
	return n, err
}

// flush sends what was written. A writer that cannot flush does not hold back
// either.
func (c *call) flush() error {
	err := http.NewResponseController(c.w).Flush()
	if err == nil || errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return gone(err)
}

// Stalled flushes what was written, from now on after each read. It implements
// pipeline.Link, and is called by bodies while the edge reads them.
func (c *call) Stalled() {
	if c.flushing || c.status == 0 {
		return
	}
	c.flushing = true
	_ = c.flush() // the next write tells
}

// broken ends an answer whose body broke after the head.
func (c *call) broken(err error) {
	c.abort = true
	c.fail = err
	if c.away() && !errors.Is(err, errGone) || errors.Is(err, context.Canceled) && c.away() {
		c.fail = gone(err)
	}
}

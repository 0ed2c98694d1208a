package listen

import (
	"io"
	"time"
)

// receive reads from the connection: what may pass at once, into p, which is
// what it returns; all else into the buffer.
func (c *Conn) receive(p []byte) (int, error) {
	if len(c.buf) > 0 || c.holding() {
		return 0, c.receiveMore()
	}
	if c.framer.phase == inBody {
		p = p[:min(int64(len(p)), c.framer.rest)]
	} else if c.framer.phase != aside {
		p = p[:min(len(p), aheadBytes)]
	}
	n, err := c.fill(p)
	take, skip := c.look(p[:n])
	if skip+take < n && c.condemned == nil {
		c.append(p[skip+take : n])
	}
	if skip > 0 {
		copy(p, p[skip:skip+take])
	}
	if take > 0 {
		err = nil // it comes again
	}
	return take, err
}

// receiveMore reads into the buffer.
func (c *Conn) receiveMore() error {
	if len(c.buf) >= aheadBytes && c.holding() {
		return c.deadline.await()
	}
	n, err := c.fill(c.room())
	c.buf = c.buf[:len(c.buf)+n]
	switch {
	case len(c.buf) == 0:
		c.free()
	case err == io.EOF && c.holding(): // what was sent ahead is still to be answered
		return c.deadline.await()
	}
	return err
}

// fill reads once, within the time that the client has.
func (c *Conn) fill(p []byte) (int, error) {
	start, by := c.due()
	n, late, err := c.deadline.read(p, by)
	if !start.IsZero() {
		c.pace.took(time.Since(start), n, c.limits.bodies())
	}
	if late && n == 0 {
		err = c.late(err)
	}
	return n, err
}

// due returns when the next bytes have to be there, zero being never; where it
// is the pace of a body that says so, then also the present.
func (c *Conn) due() (start, by time.Time) {
	switch {
	case c.frames != nil:
		return start, c.frames.due()
	case c.framer.phase == aside || c.holding():
	case c.framer.phase == inHead:
		return start, c.headDue()
	case !c.limits.bodies().none() && !c.patient.Load():
		start = time.Now()
		return start, start.Add(c.pace.left)
	}
	return start, by
}

func (c *Conn) headDue() time.Time {
	begun := len(c.buf) > 0 || c.framer.blank
	if c.by.IsZero() || begun != c.begun {
		most := c.limits.ReadHeader
		if !begun && c.framer.first {
			most = c.limits.Idle
		}
		c.begun, c.by = begun, time.Now().Add(most)
	}
	return c.by
}

// late is after the client's time has passed.
func (c *Conn) late(err error) error {
	switch {
	case c.frames != nil:
		if c.frames.late() {
			return c.calm(faultHeadSlow)
		}
	case c.framer.phase != inHead:
		c.condemned = faultBodySlow
	case c.begun:
		c.condemned = faultHeadSlow
	default: // it has nothing to say, and is told nothing
		c.over = err
		return err
	}
	return nil
}

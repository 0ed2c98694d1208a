package units

import "bytes"

// A Counter counts what is written to it. Its zero value counts nothing but
// whether there was anything; Reset makes it ready.
type Counter struct {
	form   Form
	stream stream
	finder finder
	events int64
	any    bool // of the line, the event's data or the body: something is there
}

// Reset makes a Counter of the form ready, which looks for the paths: none, or
// MaxPaths at most. They are shared and never altered.
func (c *Counter) Reset(form Form, paths []Path) {
	*c = Counter{form: form}
	c.finder.paths = paths
	c.finder.reset()
}

// Events returns how many events there were: those of an event stream that are
// complete and have data (WHATWG HTML section 9.2.6), the lines that are not
// blank, or 1 for any other body that is not empty.
func (c *Counter) Events() int64 { return c.events }

// Stated returns the sum of the numbers that the body states at the paths, the
// last of each path, and whether it states any.
func (c *Counter) Stated() (int64, bool) { return c.finder.sum() }

// Write counts what passes by.
func (c *Counter) Write(b []byte) {
	switch {
	case c.form == Events:
		c.stream.write(b, c)
	case c.form == Lines:
		c.lines(b)
	case len(b) > 0:
		c.events = 1
		c.find(b)
	}
}

// End says that the body is whole.
func (c *Counter) End() {
	if c.form == Lines {
		c.endLine()
	}
}

func (c *Counter) find(b []byte) {
	if len(c.finder.paths) > 0 && c.form != Opaque {
		c.finder.write(b)
	}
}

func (c *Counter) lines(b []byte) {
	for {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			c.line(b)
			return
		}
		c.line(b[:end])
		c.endLine()
		b = b[end+1:]
	}
}

// line takes a part of a line.
func (c *Counter) line(b []byte) {
	c.any = c.any || len(bytes.TrimLeft(b, " \t\r")) > 0
	c.find(b)
}

var lineEnd = []byte{'\n'}

func (c *Counter) endLine() {
	if c.any {
		c.find(lineEnd) // ends a number
		c.events++
	}
	c.any = false
	c.finder.reset()
}

// data takes a part of the data of an event.
func (c *Counter) data(b []byte) { c.find(b) }

// endData ends a line of the data of an event.
func (c *Counter) endData() {
	c.any = true
	c.find(lineEnd)
}

// endEvent ends an event, which counts where it has data.
func (c *Counter) endEvent() {
	if c.any {
		c.events++
	}
	c.any = false
	c.finder.reset()
}

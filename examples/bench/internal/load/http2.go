package load

import (
	"bufio"
	"fmt"
	"net"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
)

// A conn2 is one connection of HTTP/2 with prior knowledge, on which one
// goroutine keeps several streams going.
type conn2 struct {
	net.Conn
	w        *bufio.Writer
	r        *bufio.Reader
	frames   *http2.Framer
	next     *template
	want     []byte
	streams  map[uint32]*stream
	free     []*stream
	last     uint32 // id of the last stream
	received int    // bytes of bodies since the window was last opened
}

// A stream is one exchange under way.
type stream struct {
	began  time.Time
	status int
	body   []byte
}

const (
	window    = 1 << 20 // of a stream
	allWindow = 1 << 30 // of the connection
)

func dial2(addr string, w traffic.Workload, want []byte, p parts) (*conn2, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &conn2{
		Conn: conn, w: bufio.NewWriterSize(conn, 64<<10), r: bufio.NewReaderSize(conn, 64<<10),
		next: http2Head(w, p), want: want, streams: map[uint32]*stream{},
	}
	c.frames = http2.NewFramer(c.w, c.r)
	c.frames.SetReuseFrames()
	c.frames.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	return c, c.begin()
}

func (c *conn2) begin() error {
	if _, err := c.w.WriteString(http2.ClientPreface); err != nil {
		return err
	}
	if err := c.frames.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window}); err != nil {
		return err
	}
	return c.frames.WriteWindowUpdate(0, allWindow)
}

// keep keeps n streams going: told is called for each one that ended, and says
// whether to begin another one. It returns when none is left.
func (c *conn2) keep(n int, told func(began time.Time) (more bool)) error {
	for range n {
		if err := c.request(); err != nil {
			return err
		}
	}
	for len(c.streams) > 0 {
		ended, err := c.frame()
		if err != nil {
			return err
		}
		if ended != nil && told(ended.began) {
			if err := c.request(); err != nil {
				return err
			}
		}
	}
	return nil
}

// request begins an exchange.
func (c *conn2) request() error {
	if c.last++; c.last%2 == 0 {
		c.last++
	}
	s := &stream{}
	if n := len(c.free); n > 0 {
		s, c.free = c.free[n-1], c.free[:n-1]
	}
	s.began, s.status, s.body = time.Now(), 0, s.body[:0]
	c.streams[c.last] = s
	c.next.fill()
	return c.frames.WriteHeaders(http2.HeadersFrameParam{
		StreamID: c.last, BlockFragment: c.next.bytes, EndStream: true, EndHeaders: true,
	})
}

// frame reads one frame, and returns the stream that it has ended. What was
// written goes out before it waits.
func (c *conn2) frame() (*stream, error) {
	if c.r.Buffered() == 0 {
		if err := c.w.Flush(); err != nil {
			return nil, err
		}
	}
	f, err := c.frames.ReadFrame()
	if err != nil {
		return nil, err
	}
	switch f := f.(type) {
	case *http2.MetaHeadersFrame:
		return c.head(f)
	case *http2.DataFrame:
		return c.data(f)
	case *http2.SettingsFrame:
		if !f.IsAck() {
			return nil, c.frames.WriteSettingsAck()
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			return nil, c.frames.WritePing(true, f.Data)
		}
	case *http2.RSTStreamFrame:
		return nil, fmt.Errorf("a stream was reset: %v", f.ErrCode)
	case *http2.GoAwayFrame:
		return nil, fmt.Errorf("the connection is closed: %v", f.ErrCode)
	}
	return nil, nil
}

func (c *conn2) head(f *http2.MetaHeadersFrame) (*stream, error) {
	s := c.streams[f.StreamID]
	if s == nil {
		return nil, fmt.Errorf("a head on stream %d, which is not open", f.StreamID)
	}
	if s.status == 0 { // and not a trailer
		s.status = status(f.Fields)
	}
	return c.ended(f.StreamID, f.StreamEnded())
}

func (c *conn2) data(f *http2.DataFrame) (*stream, error) {
	s := c.streams[f.StreamID]
	if s == nil {
		return nil, fmt.Errorf("a body on stream %d, which is not open", f.StreamID)
	}
	s.body = append(s.body, f.Data()...)
	if c.received += int(f.Length); c.received > allWindow/2 {
		if err := c.frames.WriteWindowUpdate(0, uint32(c.received)); err != nil {
			return nil, err
		}
		c.received = 0
	}
	return c.ended(f.StreamID, f.StreamEnded())
}

func (c *conn2) ended(id uint32, yes bool) (*stream, error) {
	if !yes {
		return nil, nil
	}
	s := c.streams[id]
	delete(c.streams, id)
	c.free = append(c.free, s)
	return s, check(s.status, s.body, c.want)
}

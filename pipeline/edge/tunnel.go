package edge

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// farewell is how long a tunnel may take to end after its goodbye.
const farewell = 2 * time.Second

var (
	errNotAsked  = errors.New("backend switched to a protocol that the client did not ask for")
	errNoTunnel  = errors.New("edge: a 101 response whose body cannot be written to")
	errNoUpgrade = errors.New("edge: the server cannot hand over its connection")
)

// tunnel switches protocols and copies both ways until both sides have ended,
// or either breaks. An error means that nothing was sent yet.
func (c *call) tunnel(resp *http.Response) error {
	protocol := strings.ToLower(strings.Trim(resp.Header.Get("Upgrade"), " \t"))
	if c.x.Upgrade == "" || protocol != c.x.Upgrade || len(resp.Header["Upgrade"]) != 1 {
		return &pipeline.UpstreamError{Kind: pipeline.UpstreamMalformed, Sent: true, Err: errNotAsked}
	}
	backend, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		return errNoTunnel
	}
	c.seal()
	head := c.switching(resp)
	conn, buffered, err := http.NewResponseController(c.w).Hijack()
	if err != nil {
		return errors.Join(errNoUpgrade, err)
	}
	defer conn.Close()
	c.status = http.StatusSwitchingProtocols
	if _, err := conn.Write(head); err != nil {
		c.fail = gone(err)
		return nil
	}
	t := newTunnel(conn, ahead{conn, buffered.Reader}, backend, protocol)
	c.fail = t.run(c.x.Closing())
	c.sent = t.down.count
	c.body.read.Store(t.up.count)
	return nil
}

// switching returns the head of the answer as it goes on the wire.
func (c *call) switching(resp *http.Response) []byte {
	h := http.Header{}
	c.copyFields(h, resp.Header)
	for name, values := range c.x.Reply {
		reply(h, name, values)
	}
	delete(h, "Content-Length")
	h["Connection"], h["Upgrade"] = []string{"Upgrade"}, []string{c.x.Upgrade}
	var out strings.Builder
	out.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	_ = h.Write(&out) // a Builder takes everything
	out.WriteString("\r\n")
	return []byte(out.String())
}

// ahead is the client's connection with what it sent ahead in front.
type ahead struct {
	net.Conn
	buffered *bufio.Reader
}

func (e ahead) Read(p []byte) (int, error) {
	if n := e.buffered.Buffered(); n > 0 {
		return e.buffered.Read(p[:min(n, len(p))])
	}
	return e.Conn.Read(p)
}

// A tunnel is two lanes between a client and a backend.
type tunnel struct {
	client  net.Conn
	reads   io.Reader // the client's bytes, those sent ahead first
	backend io.ReadWriteCloser
	up      lane // to the backend
	down    lane // to the client
	leaving sync.WaitGroup
	over    bool // it was cut
}

func newTunnel(client net.Conn, reads io.Reader, backend io.ReadWriteCloser, protocol string) *tunnel {
	t := &tunnel{client: client, reads: reads, backend: backend}
	t.up = lane{to: backend, source: clientFault, sink: backendFault}
	t.down = lane{to: client, source: backendFault, sink: clientFault}
	if protocol == "websocket" {
		t.up.frames, t.up.bye = &frames{}, goodbyeMasked
		t.down.frames, t.down.bye = &frames{}, goodbye
	}
	return t
}

// run copies until the tunnel has ended, and leaves no goroutine behind. When
// closing is closed, each side of a WebSocket is told that we go away, between
// two frames, and has a moment to say goodbye itself; other protocols are cut.
func (t *tunnel) run(closing <-chan struct{}) error {
	ends := make(chan error, 2)
	go func() { ends <- t.copy(&t.up, t.reads) }()
	go func() { ends <- t.copy(&t.down, t.backend) }()
	var late <-chan time.Time
	var fault error // the first; what follows the cut is of its making
	for left := 2; left > 0; {
		select {
		case err := <-ends:
			left--
			if !t.over && !errors.Is(err, errCut) {
				fault = err
			}
			switch {
			case err != nil:
				t.cut()
			case t.up.frames != nil: // WebSockets end on both sides, or not at all
				late = time.After(farewell)
			}
		case <-closing:
			closing = nil
			late = t.leave()
		case <-late:
			t.cut()
		}
	}
	t.cut()
	t.leaving.Wait()
	return fault
}

// leave says goodbye, and returns when waiting is to end.
func (t *tunnel) leave() <-chan time.Time {
	if t.up.frames == nil {
		t.cut()
		return nil
	}
	// A side that does not read would hold up its goodbye as it does the rest.
	_ = t.client.SetWriteDeadline(time.Now().Add(farewell))
	t.up.leaving.Store(true)
	t.down.leaving.Store(true)
	t.leaving.Go(t.up.leave)
	t.leaving.Go(t.down.leave)
	return time.After(farewell)
}

// cut closes both sides, so that whoever reads or writes returns.
func (t *tunnel) cut() {
	t.over = true
	_ = t.client.Close() // closed twice at times; nobody is left to be told
	_ = t.backend.Close()
}

// copy moves bytes until from ends, then lets the other side know.
func (t *tunnel) copy(l *lane, from io.Reader) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a tunnel: %v", p)
		}
	}()
	buf := copyBuffers.Get().(*copyBuffer)
	defer copyBuffers.Put(buf)
	for {
		n, err := from.Read(buf[:])
		if n > 0 {
			if err := l.write(buf[:n]); err != nil {
				return l.verdict(l.sink(err))
			}
		}
		if err == io.EOF {
			return l.shut()
		}
		if err != nil {
			return l.verdict(l.source(err))
		}
	}
}

func clientFault(err error) error { return gone(err) }

func backendFault(err error) error {
	return &pipeline.UpstreamError{Kind: pipeline.UpstreamReset, Sent: true, Err: err}
}

// errCut ends a tunnel in order: after a goodbye, or where the end of one side
// cannot be passed on to the other.
var errCut = errors.New("edge: tunnel ended")

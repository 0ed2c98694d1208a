package redislimit_test

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A fault is what a proxy does to connections.
type fault int

const (
	healthy fault = iota
	slow          // answers come half a second later
	hole          // nothing comes through, and nobody is told; what was lost stays so
	reset         // connections are reset, new ones too
	half          // half of an answer comes, and then the end
)

const latency = 500 * time.Millisecond

// A proxy is a wire to a server that can be made to fail.
type proxy struct {
	ln     net.Listener
	target string

	mu    sync.Mutex
	fault fault
	conns map[*net.TCPConn]bool
	pumps sync.WaitGroup
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{ln: ln, target: target, conns: map[*net.TCPConn]bool{}}
	p.pumps.Go(p.accept)
	t.Cleanup(func() {
		_ = ln.Close()
		p.set(reset)
		p.pumps.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.ln.Addr().String() }

// set makes the wire fail, or be well again.
func (p *proxy) set(f fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	if f == reset {
		for c := range p.conns {
			cut(c)
		}
	}
}

func (p *proxy) now() fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}

func cut(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

func (p *proxy) accept() {
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return
		}
		client := c.(*net.TCPConn)
		if p.now() == reset {
			cut(client)
			continue
		}
		s, err := net.Dial("tcp", p.target)
		if err != nil {
			cut(client)
			continue
		}
		server := s.(*net.TCPConn)
		if p.hold(client, server) {
			lost := &atomic.Bool{}
			p.pumps.Go(func() { p.pump(client, server, lost, false) })
			p.pumps.Go(func() { p.pump(server, client, lost, true) })
		}
	}
}

func (p *proxy) hold(conns ...*net.TCPConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.fault == reset {
			cut(c)
		}
		p.conns[c] = true
	}
	return true
}

// A piece is what was read at once.
type piece struct {
	at   time.Time
	data []byte
}

// pump moves what comes from one end to the other. Delay does not hold up what
// comes behind.
func (p *proxy) pump(from, to *net.TCPConn, lost *atomic.Bool, answers bool) {
	pieces := make(chan piece, 1024)
	p.pumps.Go(func() { p.write(from, to, pieces, lost, answers) })
	defer close(pieces)
	for {
		data := make([]byte, 16<<10)
		n, err := from.Read(data)
		if n > 0 {
			pieces <- piece{time.Now(), data[:n]}
		}
		if err != nil {
			return
		}
	}
}

// write writes them. A connection of which a part was lost carries nothing any
// more: TCP has no gaps.
func (p *proxy) write(from, to *net.TCPConn, pieces <-chan piece, lost *atomic.Bool, answers bool) {
	defer cut(to)
	defer cut(from)
	for piece := range pieces {
		data := piece.data
		f := p.now()
		switch {
		case f == hole || lost.Load():
			lost.Store(true)
			continue
		case f == slow && answers:
			<-time.After(time.Until(piece.at.Add(latency)))
		case f == half && answers:
			data = data[:len(data)/2]
		}
		if _, err := to.Write(data); err != nil || (f == half && answers) {
			break
		}
	}
	for range pieces {
		continue // the reader comes to its end
	}
}

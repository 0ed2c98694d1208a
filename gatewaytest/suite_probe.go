package gatewaytest

import (
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// A probe is a body that tells how it was treated.
type probe struct {
	content string
	end     error           // how it ends; io.EOF otherwise
	atEnd   func()          // called in the Read that ends it
	blocks  bool            // after the content, until it is closed
	until   <-chan struct{} // ends the wait of blocks too, with io.EOF
	reading chan struct{}   // closed once a Read waits

	mu     sync.Mutex
	waits  bool
	closes int
	closed chan struct{}
}

var errClosed = errors.New("conformance: read from a body that was closed")

func newProbe(content string) *probe {
	return &probe{content: content, end: io.EOF, reading: make(chan struct{}), closed: make(chan struct{})}
}

func (p *probe) Read(b []byte) (int, error) {
	select {
	case <-p.closed:
		return 0, errClosed
	default:
	}
	p.mu.Lock()
	n := copy(b, p.content)
	p.content = p.content[n:]
	p.mu.Unlock()
	switch {
	case n > 0 || len(b) == 0:
		return n, nil
	case p.blocks:
		return 0, p.wait()
	case p.atEnd != nil:
		p.atEnd()
	}
	return 0, p.end
}

func (p *probe) wait() error {
	p.mu.Lock()
	if !p.waits {
		p.waits = true
		close(p.reading)
	}
	p.mu.Unlock()
	select {
	case <-p.closed:
		return errClosed
	case <-p.until:
		return io.EOF
	}
}

func (p *probe) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closes++
	if p.closes == 1 {
		close(p.closed)
	}
	return nil
}

// closedOnce fails t where the body was not closed, or more than once.
func (p *probe) closedOnce(t testing.TB, what string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closes != 1 {
		t.Errorf("%s was closed %d times, not once", what, p.closes)
	}
}

// A tunnel is what a 101 bears.
type tunnel struct {
	*probe
	written strings.Builder
}

func (u *tunnel) Write(b []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.written.Write(b)
}

func (u *tunnel) got() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.written.String()
}

// watchdog fires when patience has ended.
func watchdog(t testing.TB) *time.Timer { return time.NewTimer(patience(t)) }

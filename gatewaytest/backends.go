package gatewaytest

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// backends are the upstreams that a gateway serves in process.
type backends struct {
	mu     sync.Mutex
	byName map[string]*backend
	seen   []Seen
}

// backend is one of them.
type backend struct {
	name    string
	of      *backends
	handler http.Handler // under of.mu
}

func newBackends() *backends { return &backends{byName: map[string]*backend{}} }

func (bs *backends) add(name string) *backend {
	b := &backend{name: name, of: bs, handler: &Backend{}}
	bs.byName[name] = b
	return b
}

func (bs *backends) get(name string) *backend { return bs.byName[name] }

func (bs *backends) all() []Seen {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	return append([]Seen(nil), bs.seen...)
}

func (b *backend) serve(h http.Handler) {
	b.of.mu.Lock()
	defer b.of.mu.Unlock()
	b.handler = h
}

// ServeHTTP hands the request on and notes it, with as much of its body as the
// handler has read.
func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.of.mu.Lock()
	h := b.handler
	b.of.mu.Unlock()
	body := &noted{ReadCloser: r.Body}
	seen := Seen{Upstream: b.name, Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header.Clone()}
	defer func() {
		seen.Trailer, seen.Body, seen.Err = r.Trailer.Clone(), body.content.String(), body.err
		b.of.mu.Lock()
		defer b.of.mu.Unlock()
		b.of.seen = append(b.of.seen, seen)
	}()
	c := *r
	c.Body = body
	h.ServeHTTP(w, &c)
}

// noted keeps what is read of a body, within a bound.
type noted struct {
	io.ReadCloser
	content strings.Builder
	err     error
}

func (n *noted) Read(p []byte) (int, error) {
	read, err := n.ReadCloser.Read(p)
	if room := maxSeen - n.content.Len(); room > 0 {
		n.content.Write(p[:min(read, room)])
	}
	if err != nil && !errors.Is(err, io.EOF) {
		n.err = err
	}
	return read, err
}

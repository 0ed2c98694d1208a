package gatewaytest

import (
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// NewExchange returns an exchange as the edge hands it to the first stage:
// begun, with a route, a client's address and a clean request. target is a
// path with a query or an absolute URL. It panics where that is malformed.
func NewExchange(method, target string, opts ...Option) *pipeline.Exchange {
	s := apply(opts)
	in := httptest.NewRequest(method, target, http.NoBody)
	x := &pipeline.Exchange{
		In: in, Client: netip.MustParseAddr("192.0.2.1"), Scheme: "http",
		Start: time.Now(), Route: s.routeOr(), Environment: s.environmentOr(),
	}
	if in.TLS != nil {
		x.Scheme = "https"
	}
	x.SetParams(s.names, &s.values)
	for _, set := range s.exchange {
		set(x)
	}
	raw := pipeline.Raw{Target: in.RequestURI, Host: in.Host, Remote: in.RemoteAddr, Header: in.Header.Clone()}
	x.Begin(newLink(x), raw, &pipeline.Entry{Route: x.Route, Closing: s.closing})
	return x
}

func setBody(x *pipeline.Exchange, body io.ReadCloser, length int64) {
	b := &clientBody{body: body}
	b.max.Store(math.MaxInt64)
	x.In.Body, x.In.ContentLength = b, length
}

// An Interim is a 1xx response that a stage sent ahead.
type Interim struct {
	Status int
	Header http.Header
}

// link is the client's side of an exchange.
type link struct {
	body *clientBody

	mu       sync.Mutex
	interims []Interim
	stalls   atomic.Int32
}

func newLink(x *pipeline.Exchange) *link {
	body, _ := x.In.Body.(*clientBody)
	return &link{body: body}
}

func (l *link) Interim(status int, h http.Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.interims = append(l.interims, Interim{status, h.Clone()})
}

func (l *link) Stalled() { l.stalls.Add(1) }

func (l *link) LimitBody(max int64) {
	if l.body != nil {
		l.body.max.Store(max)
	}
}

func (l *link) sent() []Interim {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.interims
}

// clientBody bounds what the client sends, as the edge does.
type clientBody struct {
	body io.ReadCloser
	max  atomic.Int64
	read int64
}

func (b *clientBody) Read(p []byte) (int, error) {
	left := b.max.Load() - b.read
	if left <= 0 {
		return 0, b.beyond()
	}
	n, err := b.body.Read(p[:min(int64(len(p)), left)])
	b.read += int64(n)
	return n, err
}

// beyond tells an end from a body that goes on.
func (b *clientBody) beyond() error {
	for {
		n, err := b.body.Read(make([]byte, 1))
		switch {
		case n > 0:
			return pipeline.TooLarge(b.max.Load())
		case err != nil:
			return err
		}
	}
}

func (b *clientBody) Close() error { return b.body.Close() }

package upstream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

const (
	poolCallers = 8
	poolPlaces  = 4 // connections to the backend
)

// A pool is what the exchanges of TestNoAnswerReachesAnother share: one
// upstream of few connections, before a backend that does what the target of
// each request says. Whatever it says about a request bears the id of that,
// everywhere.
type pool struct {
	t    testing.TB
	up   *upstream.Upstream
	wire *wire
	quit chan struct{}

	// silence is held, for reading, by exchanges until their head is in, so
	// that a backend may speak while no request is on its way: what comes
	// behind a request is an answer to it, and nobody could tell otherwise.
	silence sync.RWMutex

	served, cut, failed, spoke atomic.Int64
}

// A turn is one exchange by lot.
type turn struct {
	id   string
	kind string
	d    drawn
}

// kinds of turns, with how often each comes.
var turnKinds = [...]struct {
	name  string
	share int
}{
	{"plain", 20},   // the whole answer is read
	{"post", 10},    // with a body that the backend reads and echoes the length of
	{"leave", 15},   // the client goes away at a moment by lot
	{"late", 10},    // the answer comes behind the deadline
	{"abandon", 12}, // half the answer is read, then it is closed
	{"early", 8},    // the answer comes while the request body is being sent, and the rest is read
	{"rude", 4},     // the same, and the connection is cut in place of reading the rest
	{"twice", 8},    // another answer behind it
	{"close", 6},    // the connection ends behind the answer, unannounced
	{"break", 4},    // the connection ends in the answer
	{"speak", 3},    // idle connections get an answer to nothing
}

func drawTurn(d drawn, id string) turn {
	sum := 0
	for _, k := range turnKinds {
		sum += k.share
	}
	at := d.IntN(sum)
	for _, k := range turnKinds {
		if at -= k.share; at < 0 {
			return turn{id: id, kind: k.name, d: d}
		}
	}
	panic("unreachable")
}

// TestNoAnswerReachesAnother runs exchanges over one shared pool that are
// aborted, timed out, abandoned half-read and answered early, before a backend
// that answers late, answers twice, speaks out of turn and closes at will. What
// each of them gets, to the last byte, is its own; and nothing is left when all
// are over.
func TestNoAnswerReachesAnother(t *testing.T) {
	t.Parallel()
	n := 1500
	if full() {
		n = 12_000
	}
	t.Run("by TCP", func(t *testing.T) {
		t.Parallel()
		p := &pool{t: t, quit: make(chan struct{})}
		p.wire = newWire(t, p.answers)
		p.run(n, by(direct, one(p.wire.url)))
	})
	t.Run("by TLS", func(t *testing.T) {
		t.Parallel()
		config := tlsConfig()
		p := &pool{t: t, quit: make(chan struct{})}
		p.wire = newWire(t, func(c *peer) { p.answers(c.encrypted(config)) })
		p.run(n/3, overTLS(p.wire))
	})
}

func (p *pool) run(n int, settings registry.Upstream) {
	t := p.t
	seed := seedOf(t)
	settings.Connections.MaxPerEndpoint, settings.Connections.IdlePerEndpoint = poolPlaces, poolPlaces
	settings.Timeouts.TLSHandshake = registry.Duration(longest) // of a busy machine
	p.up = newUpstream(t, settings, upstream.Options{})
	var wait sync.WaitGroup
	for caller := range uint64(poolCallers) {
		wait.Go(func() {
			d := drawn{rand.New(rand.NewPCG(seed, caller))}
			for i := range n / poolCallers {
				p.take(drawTurn(d, fmt.Sprintf("%d-%d", caller, i)))
			}
		})
	}
	wait.Wait()
	t.Logf("%d whole, %d cut by their client or their time, %d failed with a cause, %d times spoken out of turn, %d connections",
		p.served.Load(), p.cut.Load(), p.failed.Load(), p.spoke.Load(), p.wire.accepted.Load())
	require.Greater(t, p.served.Load(), int64(n/3))
	require.Zero(t, p.up.Status().Endpoints[0].InFlight)
	close(p.quit)
	require.Eventually(t, func() bool { return p.wire.open() <= poolPlaces }, longest, time.Millisecond)
	p.up.Close()
	require.Eventually(t, func() bool { return p.wire.open() == 0 }, longest, time.Millisecond, "a connection is left")
}

// TestTheBoundOfConnectionsHolds has many ask at once what may be asked by few
// connections, which serve until all have had their turns.
func TestTheBoundOfConnectionsHolds(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		w := newWire(t, (*peer).echoes)
		settings := by(client, one(w.url))
		settings.Connections.MaxPerEndpoint, settings.Connections.IdlePerEndpoint = 3, 3
		st := &stage{wire: w, up: newUpstream(t, settings, upstream.Options{})}
		var wait sync.WaitGroup
		for caller := range 12 {
			wait.Go(func() {
				for n := range 20 {
					x, l := bare("GET", fmt.Sprintf("/%d/%d", caller, n), nil)
					if o := outcomeOf(t, st.up, x, l, longest); o.body != x.In.RequestURI {
						t.Errorf("%s: %v", x.In.RequestURI, o)
					}
					if err := x.Finish(&pipeline.Summary{}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		require.LessOrEqual(t, w.accepted.Load(), int64(3))
		require.Zero(t, st.up.Status().Endpoints[0].InFlight)
	})
}

// take makes one exchange and judges what came.
func (p *pool) take(u turn) {
	if u.kind == "speak" {
		p.speak(u.id)
		return
	}
	ctx, leave := context.WithCancel(p.t.Context())
	defer leave()
	x, l, end := p.exchange(u)
	defer end()
	switch u.kind {
	case "late":
		x.Hasten(time.Now().Add(time.Duration(1+u.d.IntN(4)) * time.Millisecond))
	case "leave":
		defer time.AfterFunc(time.Duration(u.d.IntN(3000))*time.Microsecond, leave).Stop()
	}
	p.silence.RLock()
	resp, err := p.up.Serve(ctx, x)
	p.silence.RUnlock()
	for i := range l.interims {
		p.is(u, "an interim answer", l.headers[i].Get("X-Id"))
	}
	if err != nil {
		p.explain(ctx, u, err)
		return
	}
	p.is(u, "a head", resp.Header.Get("X-Id"))
	p.read(ctx, u, resp)
}

// exchange makes the exchange of a turn, and what ends it.
func (p *pool) exchange(u turn) (*pipeline.Exchange, *link, func()) {
	var body io.Reader
	method, length := "GET", int64(0)
	switch u.kind {
	case "post":
		length = int64(u.d.IntN(20_000))
		body, method = bytes.NewReader(make([]byte, length)), "POST"
	case "early", "rude": // more than what fits into the buffers between
		length = int64(1 + u.d.IntN(8<<20))
		body, method = io.LimitReader(endless{}, length), "POST"
	}
	x, l := bare(method, "/"+u.kind+"/"+u.id, body)
	if body != nil {
		x.In.ContentLength = length
		if u.d.IntN(2) == 0 {
			x.In.ContentLength = -1
		}
	}
	return x, l, func() { require.NoError(p.t, x.Finish(&pipeline.Summary{})) }
}

// read reads the answer, or half of it.
func (p *pool) read(ctx context.Context, u turn, resp *http.Response) {
	defer func() { require.NoError(p.t, resp.Body.Close()) }()
	from := io.Reader(resp.Body)
	if u.kind == "abandon" || u.kind == "early" && u.d.IntN(2) == 0 {
		from = io.LimitReader(from, int64(u.d.IntN(2000)))
	}
	body, err := io.ReadAll(from)
	if i := strings.Index(pattern(u.id, len(body)), string(body)); i != 0 {
		p.t.Errorf("the body of %v is not its own: %.300q", u, body)
	}
	if id := resp.Trailer.Get("X-Id"); id != "" {
		p.is(u, "a trailer", id)
	}
	switch {
	case err != nil:
		p.explain(ctx, u, err)
	case from != io.Reader(resp.Body):
		p.cut.Add(1)
	default:
		p.served.Add(1)
		if u.kind == "break" {
			p.t.Errorf("%v is broken, and was delivered as whole", u)
		}
	}
}

func (p *pool) is(u turn, what, id string) {
	if id != u.id {
		p.t.Errorf("%s of %q came to %v", what, id, u)
	}
}

func (u turn) String() string { return u.kind + " " + u.id }

// explain holds what failed to having a cause.
func (p *pool) explain(ctx context.Context, u turn, err error) {
	var failed *pipeline.UpstreamError
	kind := ""
	if errors.As(err, &failed) {
		kind = failed.Kind
	}
	switch {
	case u.kind == "leave" && ctx.Err() != nil,
		u.kind == "late" && (kind == pipeline.UpstreamTimeout || kind == pipeline.UpstreamOverloaded):
		p.cut.Add(1)
	case u.kind == "break", u.kind == "rude",
		(u.kind == "post" || u.kind == "early") && kind == pipeline.UpstreamReset:
		// A connection that was kept ended as the request went out, and that
		// cannot be sent again.
		p.failed.Add(1)
	default:
		p.t.Errorf("%v failed without a cause: %v", u, err)
	}
}

// speak has the backend say an answer on each connection, while no request is
// under way on the idle ones.
func (p *pool) speak(id string) {
	p.silence.Lock()
	defer p.silence.Unlock()
	p.wire.mu.Lock()
	defer p.wire.mu.Unlock()
	for c := range p.wire.peers {
		if c.idle.Load() {
			c.says("HTTP/1.1 200 OK\r\nX-Id: out of turn " + id + "\r\nContent-Length: 4\r\n\r\nevil")
			p.spoke.Add(1)
		}
	}
}

// pattern is the body of an answer: its id over and over.
func pattern(id string, n int) string {
	return strings.Repeat(id+";", n/(len(id)+1)+1)[:n]
}

// bare makes an exchange that whoever asks for it ends.
func bare(method, target string, body io.Reader) (*pipeline.Exchange, *link) {
	l := &link{}
	r, err := http.NewRequest(method, "http://gateway.test"+target, body)
	if err != nil {
		panic(err)
	}
	r.RequestURI = target
	x := &pipeline.Exchange{In: r, Scheme: "http"}
	x.Begin(l, pipeline.Raw{Remote: "192.0.2.1:4711"}, nil)
	return x, l
}

// answers is the backend: it answers each request as its target says.
func (p *pool) answers(c *peer) {
	d := drawn{rand.New(rand.NewPCG(uint64(c.number), 7))}
	for {
		c.idle.Store(true)
		if _, err := c.in.Peek(1); err != nil {
			return
		}
		c.idle.Store(false)
		r, err := c.request()
		if err != nil {
			return
		}
		kind, id, _ := strings.Cut(strings.TrimPrefix(r.RequestURI, "/"), "/")
		if kind != "early" && kind != "rude" {
			_, err = io.Copy(io.Discard, r.Body)
		}
		if err != nil || !p.answer(c, r, d, kind, id) {
			return
		}
	}
}

// answer answers one request, and reports whether the connection goes on.
func (p *pool) answer(c *peer, r *http.Request, d drawn, kind, id string) bool {
	all := d.echo(id)
	switch kind {
	case "late":
		select {
		case <-time.After(time.Duration(d.IntN(8)) * time.Millisecond):
		case <-p.quit:
		}
		c.says(all)
	case "leave", "abandon":
		for _, part := range []string{all[:len(all)/3], all[len(all)/3:]} {
			c.says(part)
		}
	case "rude":
		c.says(all)
		return false // with the request unread: the kernel resets
	case "early":
		c.says(all)
		_, err := io.Copy(io.Discard, r.Body)
		return err == nil
	case "twice":
		c.says(all + d.echo("evil twin of "+id))
	case "close":
		c.says(all)
		return false
	case "break":
		c.says(all[:len(all)-1-d.IntN(len(all)/2)])
		if d.IntN(2) == 0 {
			c.resets()
		}
		return false
	default:
		c.says(all)
	}
	return true
}

// echo is an answer that bears the id everywhere.
func (d drawn) echo(id string) string {
	var b strings.Builder
	for range d.IntN(3) {
		fmt.Fprintf(&b, "HTTP/1.1 103 Early Hints\r\nX-Id: %s\r\n\r\n", id)
	}
	body := pattern(id, 1+d.IntN(1<<(1+d.IntN(16))))
	if d.IntN(2) == 0 {
		fmt.Fprintf(&b, "HTTP/1.1 200 OK\r\nX-Id: %s\r\nContent-Length: %d\r\n\r\n%s", id, len(body), body)
		return b.String()
	}
	fmt.Fprintf(&b, "HTTP/1.1 200 OK\r\nX-Id: %s\r\nTransfer-Encoding: chunked\r\n\r\n", id)
	for body != "" {
		n := 1 + d.IntN(len(body))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	fmt.Fprintf(&b, "0\r\nX-Id: %s\r\n\r\n", id)
	return b.String()
}

package upstream_test

import (
	"crypto/tls"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
)

// TestNothingSaidOutOfTurnIsAnAnswer has a backend speak, or end, on a
// connection that waits to be used again. The next request gets an answer of
// its own, on another connection, also where it could not be sent twice.
// net/http has no such test: it looks at idle connections on another goroutine,
// which may come too late.
func TestNothingSaidOutOfTurnIsAnAnswer(t *testing.T) {
	t.Parallel()
	for name, speak := range map[string]func(p *peer){
		"an answer":                    func(p *peer) { p.says(own("/evil")) },
		"an answer longer than a page": func(p *peer) { p.says(head("Content-Length: 100000") + strings.Repeat("evil ", 20_000)) },
		"half an answer":               func(p *peer) { p.says("HTTP/1.1 200 OK\r\nContent-Le") },
		"one byte":                     func(p *peer) { p.says("H") },
		"an end of line":               func(p *peer) { p.says("\r\n") },
		"an interim answer":            func(p *peer) { p.says(headOf("HTTP/1.1 103 Early Hints")) },
		"a promise to go on":           func(p *peer) { p.says(headOf("HTTP/1.1 100 Continue")) },
		"its time is over, and the end": func(p *peer) {
			p.says(headOf("HTTP/1.1 408 Request Timeout", "Content-Length: 0"))
			_ = p.CloseWrite()
		},
		"the end":               func(p *peer) { _ = p.CloseWrite() },
		"the end of both sides": func(p *peer) { _ = p.Close() },
		"a reset":               func(p *peer) { p.resets() },
		"a word, and a reset":   func(p *peer) { p.says("evil"); p.resets() },
	} {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			t.Run(method+" behind "+name, func(t *testing.T) {
				t.Parallel()
				st := &stage{wire: newWire(t, (*peer).echoes)}
				st.up = newUpstream(t, by(direct, one(st.wire.url)), upstream.Options{})
				st.next(t, "GET", "/first")
				speak(st.wire.some())
				if method == "HEAD" {
					x, l := linked(t, method, "/second", nil)
					require.Equal(t, "/second", outcomeOf(t, st.up, x, l, longest).header.Get("X-Own"))
				} else {
					st.next(t, method, "/second")
				}
				require.EqualValues(t, 2, st.wire.accepted.Load())
			})
		}
	}
}

// longest is how long what ends by itself may take.
const longest = 20 * time.Second

func TestAQuietConnectionIsUsedAgain(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		st := &stage{wire: newWire(t, (*peer).echoes)}
		st.up = newUpstream(t, by(client, one(st.wire.url)), upstream.Options{})
		for _, target := range []string{"/1", "/2", "/3", "/4"} {
			st.next(t, "POST", target)
		}
		if client == direct { // net/http gives it back on another goroutine
			require.EqualValues(t, 1, st.wire.accepted.Load())
		}
	})
}

// TestATicketOfTLSIsNotSaidOutOfTurn: what TLS itself says on an idle
// connection does not end it.
func TestATicketOfTLSIsNotSaidOutOfTurn(t *testing.T) {
	t.Parallel()
	config := tlsConfig()
	w := newWire(t, func(p *peer) { p.encrypted(config).echoes() })
	st := &stage{wire: w, up: newUpstream(t, overTLS(w), upstream.Options{})}
	for _, target := range []string{"/1", "/2", "/3", "/4"} {
		st.next(t, "GET", target)
	}
	require.EqualValues(t, 1, st.wire.accepted.Load())
}

// TestNothingSaidOutOfTurnByTLSIsAnAnswer: neither what comes by itself nor
// what stands in one record with the end of an answer, and was deciphered with
// it.
func TestNothingSaidOutOfTurnByTLSIsAnAnswer(t *testing.T) {
	t.Parallel()
	config, long := tlsConfig(), strings.Repeat("0123456789", 1000)
	for name, answer := range map[string]string{
		"behind a short answer":           own("/first") + own("/evil"),
		"behind a body longer than 4 KiB": head("Content-Length: 10000") + long + own("/evil"),
		"behind a chunk longer than 4 KiB": head("Transfer-Encoding: chunked") + "2710\r\n" + long + "\r\n0\r\n\r\n" +
			own("/evil"),
		"behind a body that ends with the first read": head("Content-Length: 4056") + long[:4056] + own("/evil"),
		"by itself":          "",
		"as the end of both": "end",
	} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(method+" "+name, func(t *testing.T) {
				t.Parallel()
				speak, said := make(chan struct{}), make(chan struct{})
				w := newWire(t, func(p *peer) {
					for p.encrypted(config); ; {
						r, err := p.whole()
						switch {
						case err != nil:
							return
						case r.RequestURI != "/first":
							p.says(own(r.RequestURI))
							continue
						case answer == "" || answer == "end":
							p.says(own("/first"))
							<-speak
							if answer == "" {
								p.says(own("/evil"))
							} else {
								_ = p.out.(*tls.Conn).Close()
							}
						default:
							p.says(answer)
						}
						close(said)
					}
				})
				st := &stage{wire: w, up: newUpstream(t, overTLS(w), upstream.Options{})}
				x, l := linked(t, "GET", "/first", nil)
				o := outcomeOf(t, st.up, x, l, longest)
				require.Equal(t, whole, o.class, "%v", o)
				close(speak)
				<-said
				st.next(t, method, "/second")
				require.EqualValues(t, 2, st.wire.accepted.Load())
			})
		}
	}
}

// TestWhatIsSaidBeforeTheRequestIsNoAnswer has a backend speak while a request is
// under way of which nothing was sent yet, since its client has not begun its
// body. Where the head went out meanwhile, it is tried again.
func TestWhatIsSaidBeforeTheRequestIsNoAnswer(t *testing.T) {
	t.Parallel()
	for range 20 {
		if speakFirst(t) {
			return
		}
	}
	t.Log("the head was always sent before the body was read, which is right, too")
}

// speakFirst reports whether the backend spoke before any of the request came.
func speakFirst(t *testing.T) bool {
	heard := make(chan struct{})
	w := newWire(t, func(p *peer) {
		if r, err := p.whole(); p.number == 1 && err == nil {
			p.says(own(r.RequestURI))
			<-heard
		} else if err == nil {
			p.says(own(r.RequestURI))
		}
		p.echoes()
	})
	st := &stage{wire: w, up: newUpstream(t, by(direct, one(w.url)), upstream.Options{})}
	st.next(t, "GET", "/first")
	p, first := w.some(), false
	x, l := bare("POST", "/second", onRead(func() {
		p.says(own("/evil"))
		_ = p.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
		_, err := p.in.Peek(1)
		first = err != nil
		_ = p.SetReadDeadline(time.Time{})
		close(heard)
	}))
	x.In.ContentLength = 9
	o := outcomeOf(t, st.up, x, l, longest)
	require.NoError(t, x.Finish(&pipeline.Summary{}))
	if !first {
		return false
	}
	require.NotEqual(t, "/evil", o.body, "%v", o)
	require.True(t, o.body == "/second" || !o.delivered() && !o.sent, "%v", o)
	st.next(t, "POST", "/third")
	return true
}

// onRead is a body that calls the function as it is read, and then ends.
type onRead func()

func (f onRead) Read(p []byte) (int, error) {
	f()
	return copy(p, "once only"), io.EOF
}

// TestWhatIsSentTwice: a connection that ends as a request comes by it, without
// an answer, was stale. What may be repeated is; everything else is sent once.
func TestWhatIsSentTwice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, method, body string
		partial            string // of an answer
		twice              bool
	}{
		{name: "GET is", method: "GET", twice: true},
		{name: "HEAD is", method: "HEAD", twice: true},
		{name: "OPTIONS is", method: "OPTIONS", twice: true},
		{name: "POST is not", method: "POST"},
		{name: "POST with a body is not", method: "POST", body: "once only"},
		{name: "PATCH is not", method: "PATCH"},
		{name: "GET is not where an answer began", method: "GET", partial: "HTTP/1.1 200 OK\r\nX: "},
		{name: "GET is not where a 103 came", method: "GET", partial: headOf("HTTP/1.1 103 Early Hints")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			onBothClients(t, func(t *testing.T, client string) {
				var seen atomic.Int64
				w := newWire(t, func(p *peer) {
					for n := 1; ; n++ {
						r, err := p.whole()
						if err != nil {
							return
						}
						if r.RequestURI == "/second" {
							seen.Add(1)
							if p.number == 1 {
								p.says(c.partial)
								return
							}
						}
						p.says(own(r.RequestURI))
					}
				})
				st := &stage{wire: w, up: newUpstream(t, by(client, one(w.url)), upstream.Options{})}
				st.reuse(t)
				var body io.Reader
				if c.body != "" {
					body = strings.NewReader(c.body)
				}
				x, l := linked(t, c.method, "/second", body)
				o := outcomeOf(t, st.up, x, l, longest)
				if c.twice {
					require.Equal(t, whole, o.class, "%v", o)
					require.EqualValues(t, 2, seen.Load())
					return
				}
				require.Equal(t, pipeline.UpstreamReset, o.class, "%v", o)
				require.True(t, o.sent)
				require.EqualValues(t, 1, seen.Load())
			})
		})
	}
}

// reuse makes requests until a connection was used twice, so that the next one
// meets a connection that is kept.
func (st *stage) reuse(t testing.TB) {
	t.Helper()
	st.next(t, "GET", "/first")
	require.Eventually(t, func() bool {
		before := st.wire.accepted.Load()
		st.next(t, "GET", "/first")
		return st.wire.accepted.Load() == before
	}, longest, time.Millisecond)
}

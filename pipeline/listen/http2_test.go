package listen_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

var h2c = listen.Config{Limits: listen.Limits{H2C: true}}

func TestWhatComesTooSlowlyOnHTTP2(t *testing.T) {
	for _, c := range []struct {
		name   string
		frames string
		after  time.Duration
	}{
		{"nothing", "", 5 * time.Second},
		{"half of the preface", preface[:10], 5 * time.Second},
		{"a part of the head of a frame", preface + frame(frameSettings, 0, 0, "") + "\x00\x00", 5 * time.Second},
		{"a part of a frame", preface + frame(frameSettings, 0, 0, "") + asks(1)[:12], 5 * time.Second},
		{"a head without its end", preface + frame(frameSettings, 0, 0, "") + frame(frameHeaders, endStream, 1, getFields), 5 * time.Second},
		{"nothing after the settings", preface + frame(frameSettings, 0, 0, ""), time.Minute},
		{"nothing after an answer", preface + frame(frameSettings, 0, 0, "") + asks(1), time.Minute},
		{"a part of a frame of data", preface + frame(frameSettings, 0, 0, "") + begins(1) + frame(frameData, 0, 1, strings.Repeat("x", 1000))[:100], 11820 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, read, h2c, func(t *testing.T, v *clients) {
				p := newPeer(v.dial())
				start := time.Now()
				v.Go(func() { p.send(c.frames) })
				<-p.ended
				require.InDelta(t, c.after.Seconds(), time.Since(start).Seconds(), 1.1)
			})
		})
	}
}

func TestAHeadOfHTTP2ThatTricklesIsRefused(t *testing.T) {
	virtual(t, ok, h2c, func(t *testing.T, v *clients) {
		p := newPeer(v.dial())
		p.greet(t, "")
		start := time.Now()
		require.True(t, p.send(frame(frameHeaders, endStream, 1, getFields)))
		for p.send(frame(frameContinuation, 0, 1, "\x00\x01x\x01y")) {
			time.Sleep(time.Second)
		}
		<-p.ended
		require.InDelta(t, 5, time.Since(start).Seconds(), 1.1)
		require.NoError(t, p.Close())
	})
}

// outcome tells how a handler could read.
func outcome(ends chan<- string) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		start := time.Now()
		n, err := io.Copy(io.Discard, r.Body)
		ends <- fmt.Sprintf("%d bytes after %v, timeout %v", n, time.Since(start).Round(time.Second), err != nil && strings.Contains(err.Error(), "timeout"))
	}
}

func TestABodyOfHTTP2HasALeastRate(t *testing.T) {
	for _, c := range []struct {
		name    string
		step    int
		every   time.Duration
		of      int
		patient bool
		want    string
	}{
		{"too slow", 1, 1100 * time.Millisecond, 100, false, "9 bytes after 10s, timeout true"},
		{"fast enough", 600, time.Second, 100, false, "60000 bytes after 1m40s, timeout false"},
		{"a stream of messages", 1, time.Second, 100, true, "100 bytes after 1m40s, timeout false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ends := make(chan string, 1)
			h := func(w http.ResponseWriter, r *http.Request) {
				if c.patient {
					listen.Patient(r.Context())
				}
				outcome(ends)(w, r)
			}
			virtual(t, h, h2c, func(t *testing.T, v *clients) {
				p := newPeer(v.dial())
				p.greet(t, "")
				require.True(t, p.send(begins(1)))
				for i := range c.of {
					time.Sleep(c.every)
					if i == c.of-1 {
						p.send(frame(frameData, endStream, 1, strings.Repeat("x", c.step)))
					} else {
						p.send(frame(frameData, 0, 1, strings.Repeat("x", c.step)))
					}
				}
				require.Equal(t, c.want, <-ends)
				require.NoError(t, p.Close())
			})
		})
	}
}

func TestAnAnswerOnHTTP2ThatIsNotTakenIsCutOff(t *testing.T) {
	for _, size := range []int{1, 4 << 10, 5 << 10, 1 << 20} {
		t.Run(fmt.Sprint(size, " bytes"), func(t *testing.T) {
			h := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", size)) }
			virtual(t, h, h2c, func(t *testing.T, v *clients) {
				p := newPeer(v.dial())
				p.greet(t, windowSize+number(0))
				require.True(t, p.send(asks(1), asks(3)))
				time.Sleep(29 * time.Second)
				require.Empty(t, p.of(frameReset))
				require.True(t, p.send(frame(frameWindow, 0, 3, number(2<<20)), frame(frameWindow, 0, 0, number(2<<20))))
				time.Sleep(2 * time.Second)
				require.Len(t, p.of(frameReset), 1, "who takes his answer gets it")
				require.Equal(t, uint32(1), p.of(frameReset)[0].stream)
				require.NoError(t, p.Close())
			})
		})
	}
}

func TestAnAnswerOnHTTP2ThatIsTakenTooSlowlyIsCutOff(t *testing.T) {
	for perSecond, cut := range map[int]int{100: 1, 1000: 0} {
		t.Run(fmt.Sprint(perSecond, " bytes a second"), func(t *testing.T) {
			h := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 100_000)) }
			virtual(t, h, h2c, func(t *testing.T, v *clients) {
				p := newPeer(v.dial())
				p.greet(t, windowSize+number(0))
				require.True(t, p.send(asks(1)))
				for range 90 {
					time.Sleep(time.Second)
					p.send(frame(frameWindow, 0, 1, number(uint32(perSecond))), frame(frameWindow, 0, 0, number(uint32(perSecond))))
				}
				require.Len(t, p.of(frameReset), cut)
				require.NoError(t, p.Close())
			})
		})
	}
}

func TestAStreamOfEventsOnHTTP2MayPause(t *testing.T) {
	h := func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			_, _ = io.WriteString(w, "data: x\n\n")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(time.Hour)
		}
	}
	virtual(t, h, h2c, func(t *testing.T, v *clients) {
		p := newPeer(v.dial())
		p.greet(t, "")
		require.True(t, p.send(asks(1)))
		time.Sleep(4 * time.Hour)
		require.Empty(t, p.of(frameReset))
		require.Len(t, p.of(frameData), 4)
		require.NoError(t, p.Close())
	})
}

func TestFloodsOfFramesEndTheConnection(t *testing.T) {
	const most = 20_000
	for name, c := range map[string]struct {
		before, frame string
		within        int
		code          string
	}{
		"pings":                {"", frame(framePing, 0, 0, "12345678"), 1000, listen.CodeFlood},
		"settings":             {"", frame(frameSettings, 0, 0, ""), 200, listen.CodeFlood},
		"empty data":           {begins(1), frame(frameData, 0, 1, ""), 400, listen.CodeFlood},
		"padding for data":     {begins(1), frame(frameData, 8, 1, "\x03xxx"), 2000, listen.CodeFlood},
		"priorities":           {"", frame(framePriority, 0, 1, number(0)+"\x01"), 2000, listen.CodeFlood},
		"window updates":       {"", frame(frameWindow, 0, 0, number(1)), 2000, listen.CodeFlood},
		"frames of no kind":    {"", frame(99, 0, 0, ""), 2000, listen.CodeFlood},
		"continuations":        {frame(frameHeaders, endStream, 1, getFields), frame(frameContinuation, 0, 1, ""), 20, ""},
		"short continuations":  {frame(frameHeaders, endStream, 1, getFields), frame(frameContinuation, 0, 1, "\x00\x01x\x01y"), 20, listen.CodeHeadTooLarge},
		"long continuations":   {frame(frameHeaders, endStream, 1, getFields), frame(frameContinuation, 0, 1, strings.Repeat("\x00\x01x\x01y", 3000)), 6, ""},
		"resets of no stream":  {asks(1), frame(frameReset, 0, 1, number(8)), 400, listen.CodeFlood},
		"faults in the fields": {"", "", 400, listen.CodeFlood},
	} {
		t.Run(name, func(t *testing.T) {
			codes := make(chan string, 1)
			config := h2c
			config.Refused = tell(codes)
			virtual(t, func(w http.ResponseWriter, r *http.Request) { read(w, r) }, config, func(t *testing.T, v *clients) {
				p := newPeer(v.dial())
				p.greet(t, "")
				p.send(c.before)
				n := 0
				for ; n < most; n++ {
					f := c.frame
					if f == "" { // no method
						f = frame(frameHeaders, endStream|endHeaders, uint32(2*n+1), getFields[1:])
					}
					if !p.send(f) {
						break
					}
				}
				<-p.ended
				require.LessOrEqual(t, n, c.within)
				if c.code != "" { // of others, net/http has enough before
					require.Equal(t, c.code, <-codes)
				}
				require.NoError(t, p.Close())
			})
		})
	}
}

func TestAFloodIsToldToCalmDown(t *testing.T) {
	virtual(t, ok, h2c, func(t *testing.T, v *clients) {
		p := newPeer(v.dial())
		p.greet(t, "")
		require.True(t, p.send(asks(7)))
		for p.send(frame(frameSettings, ack, 0, "")[:9], frame(framePriority, 0, 9, number(0)+"\x01")) {
		}
		<-p.ended
		require.NotEmpty(t, p.of(frameGoAway))
		require.NoError(t, p.Close())
	})
}

func TestStreamsThatAreResetAtOnceDoNotReachTheHandler(t *testing.T) {
	var reached atomic.Int64
	h := func(_ http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		<-r.Context().Done()
	}
	virtual(t, h, h2c, func(t *testing.T, v *clients) {
		p := newPeer(v.dial())
		p.greet(t, "")
		n := uint32(0)
		for ; n < 10_000 && p.send(asks(2*n+1), frame(frameReset, 0, 2*n+1, number(8))); n++ {
			synctest.Wait() // the worst of orders: whatever can begin has begun
		}
		<-p.ended
		require.LessOrEqual(t, n, uint32(250))
		require.Less(t, reached.Load(), int64(50))
		require.NoError(t, p.Close())
	})
}

func TestAClientThatResetsNowAndThenGoesOn(t *testing.T) {
	virtual(t, ok, h2c, func(t *testing.T, v *clients) {
		p := newPeer(v.dial())
		p.greet(t, "")
		for n := range uint32(5000) { // one in five is given up, at a thousand a second
			frames := []string{asks(2*n + 1)}
			if n%5 == 0 {
				frames = append(frames, frame(frameReset, 0, 2*n+1, number(8)))
			}
			require.True(t, p.send(frames...), "after %d", n)
			time.Sleep(time.Millisecond)
		}
		require.NoError(t, p.Close())
	})
}

func TestAnHonestClientOfHTTP2GoesOn(t *testing.T) {
	t.Parallel()
	server, client := secured(t)
	h := func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		for range 64 { // many small frames, for each of which the window is given back
			_, _ = io.WriteString(w, strings.Repeat("x", 512))
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = fmt.Fprint(w, n)
	}
	addr := serve(t, http.HandlerFunc(h), listen.Config{TLS: server})
	p := new(http.Protocols)
	p.SetHTTP2(true)
	tr := &http.Transport{TLSClientConfig: client, Protocols: p, HTTP2: &http.HTTP2Config{SendPingTimeout: time.Millisecond}}
	defer tr.CloseIdleConnections()
	for range 100 {
		resp, err := (&http.Client{Transport: tr}).Post("https://"+addr, "text/plain", strings.NewReader(strings.Repeat("y", 100_000)))
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 64*512+6, len(got))
	}
}

func TestTheSchemeOfARequestDoesNotHideTLS(t *testing.T) {
	t.Parallel()
	server, client := secured(t, "h2")
	seen := make(chan bool, 4)
	h := func(_ http.ResponseWriter, r *http.Request) { seen <- r.TLS != nil }
	chosen := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return server, nil }}
	p := newPeer(dialTLS(t, serve(t, http.HandlerFunc(h), listen.Config{TLS: chosen}), client))
	defer p.Close()
	p.greet(t, "")
	localhost := "\x82\x86\x84\x01\x09localhost" // by the scheme http
	require.True(t, p.send(frame(frameHeaders, endStream|endHeaders, 1, localhost)))
	require.True(t, <-seen)
	require.True(t, p.send(frame(frameHeaders, endStream|endHeaders, 3, getFields)))
	require.Eventually(t, func() bool { return len(p.of(frameHeaders)) == 2 }, 10*time.Second, time.Millisecond)
	require.Empty(t, seen, "another host is misdirected whatever the scheme says")
}

func TestWhatIsNotHTTP2IsNotServedAsSuch(t *testing.T) {
	t.Parallel()
	server, client := secured(t, "h2")
	h := &witness{}
	addr := serve(t, h, listen.Config{TLS: server})
	require.NotContains(t, exchange(dialTLS(t, addr, client), get+"\r\n"), "HTTP/1")
	require.Empty(t, h.saw())
}

func TestHTTP2ByTLSEndsWithTheServer(t *testing.T) {
	t.Parallel()
	server, client := secured(t)
	inside, goOn := make(chan struct{}), make(chan struct{})
	h := func(w http.ResponseWriter, r *http.Request) {
		close(inside)
		<-goOn
	}
	s, addr := listening(t, http.HandlerFunc(h), listen.Config{TLS: server})
	p := new(http.Protocols)
	p.SetHTTP2(true)
	tr := &http.Transport{TLSClientConfig: client, Protocols: p}
	defer tr.CloseIdleConnections()
	answered := make(chan error, 1)
	go func() {
		resp, err := (&http.Client{Transport: tr}).Get("https://" + addr)
		if err == nil {
			err = resp.Body.Close()
		}
		answered <- err
	}()
	<-inside
	down := make(chan error, 1)
	go func() { down <- s.Shutdown(context.Background()) }()
	close(goOn)
	require.NoError(t, <-answered)
	require.NoError(t, <-down)
}

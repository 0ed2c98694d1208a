package upstream_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
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

func TestWhichClientSpeaksWithAnEndpoint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, url string
		c         registry.Connections
		transport bool
		want      string
	}{
		{"our own by default", "http://a", registry.Connections{}, false, "direct"},
		{"our own by name", "http://a", registry.Connections{Client: "direct"}, false, "direct"},
		{"net/http by name", "http://a", registry.Connections{Client: "net_http"}, false, "net_http"},
		{"net/http where HTTP/2 may be chosen", "https://a", registry.Connections{Client: "direct"}, false, "net_http"},
		{"our own where it may not", "https://a", registry.Connections{HTTP2: "off"}, false, "direct"},
		{"net/http where the program wraps it", "http://a", registry.Connections{Client: "direct"}, true, "net_http"},
		{"net/http where the name is not ASCII", "http://bücher.example", registry.Connections{}, false, "net_http"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u, o := one(c.url), upstream.Options{}
			u.Connections = c.c
			if c.transport {
				o.Transport = wrapped
			}
			require.Equal(t, c.want, newUpstream(t, u, o).Status().Endpoints[0].Client)
		})
	}
}

// closing is a backend that closes the connection on its second request, and
// answers all others.
func closing(t testing.TB) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = &atomic.Int64{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wait sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wait.Wait() })
	wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wait.Go(func() {
				defer func() { _ = c.Close() }()
				in := bufio.NewReader(c)
				for range 2 {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					if requests.Add(1) == 2 {
						return
					}
					write(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
				}
			})
		}
	})
	return "http://" + l.Addr().String(), requests
}

func TestWhatIsRepeatedOnAStaleConnection(t *testing.T) {
	t.Parallel()
	stream := func(x *pipeline.Exchange) {
		x.In.Body, x.In.ContentLength = io.NopCloser(strings.NewReader("body")), -1
	}
	keep := func(x *pipeline.Exchange) { require.True(t, x.Replayable(100)) }
	for _, c := range []struct {
		name, method, body string
		alter              func(x *pipeline.Exchange)
		repeated           bool
	}{
		{"what reads", "GET", "", nil, true},
		{"what may be done twice", "DELETE", "", nil, true},
		{"what may be done twice, its body kept", "PUT", "body", keep, true},
		{"not what may be done once", "POST", "", nil, false},
		{"not what may be done once, its body kept", "POST", "body", keep, false},
		{"not a body that is gone", "PUT", "body", stream, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url, requests := closing(t)
			up := newUpstream(t, one(url), upstream.Options{})
			answer(t, up.Serve, exchange(t, "GET", "/", nil))
			x := exchange(t, c.method, "/", strings.NewReader(c.body))
			if c.body == "" {
				x = exchange(t, c.method, "/", nil)
			}
			if c.alter != nil {
				c.alter(x)
			}
			if c.repeated {
				_, body := answer(t, up.Serve, x)
				require.Equal(t, "hi", body)
				require.Equal(t, int64(3), requests.Load())
			} else {
				u := fails(t, up.Serve, x)
				require.Equal(t, pipeline.UpstreamReset, u.Kind)
				require.True(t, u.Sent)
				require.Equal(t, int64(2), requests.Load())
			}
			require.Len(t, x.Attempts(), 1)
		})
	}
}

func TestABackendThatClosesAFreshConnectionIsAskedOnce(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		u := fails(t, newUpstream(t, by(client, one("http://"+raw(t, ""))), upstream.Options{}).Serve, exchange(t, "GET", "/", nil))
		require.Equal(t, pipeline.UpstreamReset, u.Kind)
		require.True(t, u.Sent)
	})
}

func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	for _, encrypted := range []bool{false, true} {
		t.Run(fmt.Sprintf("encrypted %t", encrypted), func(t *testing.T) {
			t.Parallel()
			var conns atomic.Int64
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				_, _ = w.Write(body)
			}))
			s.Config.ErrorLog = quiet
			s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					conns.Add(1)
				}
			}
			if encrypted {
				s.StartTLS()
			} else {
				s.Start()
			}
			t.Cleanup(s.Close)
			u := one(s.URL)
			u.Connections.HTTP2 = "off"
			if encrypted {
				u.TLS.CAFile = filepath.Join(t.TempDir(), "ca.pem")
				content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
				require.NoError(t, os.WriteFile(u.TLS.CAFile, content, 0o600))
			}
			up := newUpstream(t, u, upstream.Options{})
			for i, length := range []int64{0, 4, -1, 1000, 100_000, -1} {
				body := strings.Repeat("x", int(max(length, 5)))
				x := exchange(t, "POST", "/", strings.NewReader(body))
				x.In.ContentLength = length
				if i == 3 || i == 4 {
					require.True(t, x.Replayable(1<<20))
				}
				want := body
				if length >= 0 {
					want = body[:length]
				}
				if length == 0 {
					x = exchange(t, "POST", "/", nil)
				}
				_, got := answer(t, up.Serve, x)
				require.Equal(t, want, got)
			}
			require.Equal(t, int64(1), conns.Load())
		})
	}
}

func TestAnAnswerThatComesBeforeTheConnectionIsCutIsDelivered(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wait sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wait.Wait() })
	wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 100))
			write(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nless")
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.CopyN(io.Discard, c, 1<<20)
			_ = c.Close()
		}
	})
	up := newUpstream(t, one("http://"+l.Addr().String()), upstream.Options{})
	for name, alter := range map[string]func(x *pipeline.Exchange){
		"of a body that streams":  func(*pipeline.Exchange) {},
		"of a body that was kept": func(x *pipeline.Exchange) { require.True(t, x.Replayable(64<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			x := exchange(t, "PUT", "/", bytes.NewReader(make([]byte, 32<<20)))
			alter(x)
			resp, body := answer(t, up.Serve, x)
			require.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
			require.Equal(t, "less", body)
		})
	}
}

func TestARequestThatCannotBeWrittenIsNoFailureOfTheBackend(t *testing.T) {
	t.Parallel()
	up := overNetwork(t, "direct", unexpected(t))
	for name, alter := range map[string]func(x *pipeline.Exchange){
		"a value that ends the line": func(x *pipeline.Exchange) { x.Set("X-A", "a\r\nX-B: b") },
		"a name that is none":        func(x *pipeline.Exchange) { x.Set("X A", "a") },
		"CONNECT":                    func(x *pipeline.Exchange) { x.In.Method = "CONNECT" },
		"a query with a space":       func(x *pipeline.Exchange) { x.SetTarget("/a?b c") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := exchange(t, "GET", "/", nil)
			alter(x)
			_, err := up.Serve(t.Context(), x)
			require.Error(t, err)
			require.NotErrorAs(t, err, new(*pipeline.UpstreamError))
			require.Len(t, x.Attempts(), 1)
		})
	}
}

// A guarded body tells when it is read after its exchange has ended.
type guarded struct {
	io.Reader
	over atomic.Bool
	bad  *atomic.Int64
}

func (g *guarded) Read(p []byte) (int, error) {
	n, err := g.Reader.Read(p)
	if g.over.Load() {
		g.bad.Add(1)
	}
	return n, err
}

func (*guarded) Close() error { return nil }

// TestNoAnswerReachesAnotherExchange has exchanges of all kinds, aborted, late,
// answered early and given up, share a pool whose backend misbehaves; whatever
// is read in the end is the answer to its own request, and no body is read
// after its exchange has ended.
func TestNoAnswerReachesAnotherExchange(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	up := overNetwork(t, "direct", http.HandlerFunc(chaotic))
	workers, each := 8, 60
	if os.Getenv("GATEWAY_LOAD") == "full" {
		each = 1250
	}
	var wait sync.WaitGroup
	var whole, bad atomic.Int64
	for w := range workers {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(w)))
			for i := range each {
				if chaos(t, up, r, fmt.Sprintf("%d-%d", w, i), &bad) {
					whole.Add(1)
				}
			}
		})
	}
	wait.Wait()
	require.Positive(t, whole.Load())
	require.Zero(t, bad.Load(), "reads of a body after its exchange had ended")
	require.Zero(t, up.Status().Endpoints[0].InFlight)
}

func chaotic(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	switch r.URL.Path {
	case "/early":
		if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
			write(c, "HTTP/1.1 200 OK\r\nContent-Length: "+fmt.Sprint(len(id))+"\r\n\r\n"+id)
			_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
		return
	case "/slow":
		select {
		case <-time.After(time.Duration(len(id)) * time.Millisecond):
		case <-r.Context().Done():
		}
	case "/twice":
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			write(c, "HTTP/1.1 200 OK\r\nContent-Length: "+fmt.Sprint(len(id))+"\r\n\r\n"+id+"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")
			_ = c.Close()
		}
		return
	case "/cut":
		write(w, id[:1])
		panic(http.ErrAbortHandler)
	}
	_, _ = io.Copy(io.Discard, r.Body)
	if r.URL.Path == "/long" {
		write(w, strings.Repeat(id+" ", 5000))
		return
	}
	write(w, id)
}

// chaos makes one exchange, and reports whether it was answered in full.
func chaos(t *testing.T, up *upstream.Upstream, r *rand.Rand, id string, bad *atomic.Int64) bool {
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	paths := []string{"/", "/early", "/slow", "/twice", "/cut", "/long"}
	method, path := "GET", paths[r.IntN(len(paths))]
	x := &pipeline.Exchange{In: httptest.NewRequest(method, path+"?id="+id, nil), Scheme: "http"}
	body := &guarded{Reader: strings.NewReader(strings.Repeat("b", r.IntN(200_000))), bad: bad}
	if r.IntN(2) == 0 {
		x.In.Method, x.In.Body, x.In.ContentLength = "POST", body, -1
	}
	switch r.IntN(4) {
	case 0:
		x.Hasten(time.Now().Add(time.Duration(r.IntN(60)) * time.Millisecond))
	case 1:
		stop := context.AfterFunc(ctx, func() {})
		defer stop()
		timer := time.AfterFunc(time.Duration(r.IntN(40))*time.Millisecond, leave)
		defer timer.Stop()
	}
	resp, err := up.Serve(ctx, x)
	got := []byte{}
	if err == nil && r.IntN(4) > 0 {
		got, err = io.ReadAll(resp.Body)
	}
	whole := err == nil && len(got) > 0
	if resp != nil {
		_ = resp.Body.Close()
	}
	if e := x.Finish(&pipeline.Summary{}); e != nil {
		t.Error(e)
	}
	body.over.Store(true)
	if whole && strings.TrimSuffix(strings.ReplaceAll(string(got), id+" ", ""), id) != "" {
		t.Errorf("the answer to %s is %.40q", id, got)
	}
	return whole
}

func TestHowSoonABackendKnowsThatItsClientHasLeft(t *testing.T) {
	t.Parallel()
	entered, left := make(chan struct{}), make(chan time.Time)
	up := overNetwork(t, "direct", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		entered <- struct{}{}
		<-r.Context().Done()
		left <- time.Now()
	}))
	times := 20
	if os.Getenv("GATEWAY_LOAD") == "full" {
		times = 100
	}
	for _, after := range []time.Duration{0, 40 * time.Millisecond} {
		took := make([]time.Duration, times)
		for i := range took {
			ctx, leave := context.WithCancel(t.Context())
			x := exchange(t, "POST", "/", strings.NewReader("body"))
			failed := make(chan error, 1)
			go func() {
				_, err := up.Serve(ctx, x)
				failed <- err
			}()
			<-entered
			<-time.After(after)
			begun := time.Now()
			leave()
			took[i] = (<-left).Sub(begun)
			require.ErrorIs(t, <-failed, context.Canceled)
		}
		slices.Sort(took)
		t.Logf("left after %v: the backend knew after %v at the median, %v at the most", after, took[times/2], took[times-1])
		bound := time.Second
		if os.Getenv("GATEWAY_LOAD") == "full" {
			bound = 5 * time.Millisecond
		}
		require.LessOrEqual(t, took[times/2], bound)
	}
}

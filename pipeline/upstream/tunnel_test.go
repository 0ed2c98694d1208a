package upstream_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

// upgrading makes an exchange that asks for the protocol.
func upgrading(t testing.TB, protocol string) *pipeline.Exchange {
	t.Helper()
	x := exchange(t, "GET", "/", nil)
	x.Upgrade = protocol
	x.In.Header.Set("Sec-WebSocket-Version", "13")
	x.In.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	return x
}

func webSocketEcho(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	for {
		kind, message, err := c.Read(r.Context())
		if err != nil || c.Write(r.Context(), kind, message) != nil {
			return
		}
	}
}

func TestAWebSocketPasses(t *testing.T) {
	t.Parallel()
	onBothForms(t, webSocketEcho, func(t *testing.T, serve pipeline.Handler) {
		front := httptest.NewServer(tunnelling(t, serve))
		t.Cleanup(front.Close)
		c, _, err := websocket.Dial(t.Context(), front.URL, nil)
		require.NoError(t, err)
		for _, message := range []string{"one", "two"} {
			require.NoError(t, c.Write(t.Context(), websocket.MessageText, []byte(message)))
			_, got, err := c.Read(t.Context())
			require.NoError(t, err)
			require.Equal(t, message, string(got))
		}
		require.NoError(t, c.Close(websocket.StatusNormalClosure, "done"))
	})
}

// tunnelling is the least edge there can be: it hands one upgrade on.
func tunnelling(t *testing.T, serve pipeline.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &pipeline.Exchange{In: r, Scheme: "http", Upgrade: "websocket"}
		defer func() { _ = x.Finish(&pipeline.Summary{}) }()
		resp, err := serve(r.Context(), x)
		if err != nil {
			t.Error(err)
			return
		}
		body := resp.Body.(io.ReadWriteCloser)
		defer func() { _ = body.Close() }()
		c, early, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		resp.Body = nil
		_ = resp.Write(c)
		go func() { _, _ = io.Copy(body, early); _ = body.Close() }()
		_, _ = io.Copy(c, body)
	})
}

// rawEcho hijacks and writes the response itself, with its first words.
func rawEcho(w http.ResponseWriter, r *http.Request) {
	c, buf, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	write(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+r.Header.Get("Upgrade")+"\r\n\r\nhello ")
	line, _ := buf.ReadString('\n')
	write(c, line)
}

func TestATunnelKeepsEarlyBytes(t *testing.T) {
	t.Parallel()
	onBothForms(t, rawEcho, func(t *testing.T, serve pipeline.Handler) {
		resp, err := serve(t.Context(), upgrading(t, "echo"))
		require.NoError(t, err)
		require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
		tunnel := resp.Body.(io.ReadWriteCloser)
		go write(tunnel, "you\n")
		line, err := bufio.NewReader(tunnel).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "hello you\n", line)
		require.NoError(t, tunnel.Close())
	})
}

func TestASwitchThatNobodyAskedForIsRefused(t *testing.T) {
	t.Parallel()
	onBothForms(t, rawEcho, func(t *testing.T, serve pipeline.Handler) {
		for _, c := range []struct {
			name  string
			alter func(x *pipeline.Exchange)
		}{
			{"the client did not ask", func(x *pipeline.Exchange) { x.Upgrade = "" }},
			{"the route does not allow it", func(x *pipeline.Exchange) {
				x.Route = &registry.Route{Upgrade: []string{"websocket"}}
			}},
		} {
			t.Run(c.name, func(t *testing.T) {
				x := upgrading(t, "echo")
				c.alter(x)
				require.Equal(t, pipeline.UpstreamMalformed, fails(t, serve, x).Kind)
			})
		}
	})
}

func TestATunnelEndsWithTheExchange(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 2)
	h := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, err = c.Read(make([]byte, 1))
			_ = c.Close()
		}
		ended <- err
	}
	onBothForms(t, h, func(t *testing.T, serve pipeline.Handler) {
		x := upgrading(t, "echo")
		_, err := serve(t.Context(), x)
		require.NoError(t, err)
		require.NoError(t, x.Finish(&pipeline.Summary{}))
		require.Error(t, <-ended)
	})
}

func TestAHijackerMayAnswerOtherwise(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		write(c, "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	}
	onBothForms(t, h, func(t *testing.T, serve pipeline.Handler) {
		x, l := linked(t, "GET", "/", nil)
		_, body := answer(t, serve, x)
		require.Equal(t, "hi", body)
		require.Equal(t, []int{103}, l.interims)
	})
}

func TestWhatIsNoHTTPIsMalformed(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		for name, bytes := range map[string]string{
			"no status line":        "SSH-2.0-OpenSSH_9.6\r\n",
			"a broken field":        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
			"too many interims":     interims(20),
			"a head without bounds": "HTTP/1.1 200 OK\r\nX: " + string(make([]byte, 200<<10)),
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				x := exchange(t, "GET", "/", nil)
				u := fails(t, newUpstream(t, by(client, one("http://"+raw(t, bytes))), upstream.Options{}).Serve, x)
				require.Equal(t, pipeline.UpstreamMalformed, u.Kind, u.Error())
				require.True(t, u.Sent)
				require.Len(t, x.Attempts(), 1)
				require.ErrorIs(t, x.Attempts()[0].Err, u)
			})
		}
	})
}

func interims(n int) string {
	s := ""
	for range n {
		s += "HTTP/1.1 102 Processing\r\n\r\n"
	}
	return s + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
}

func one(url string) registry.Upstream {
	return registry.Upstream{Endpoints: []registry.Endpoint{{URL: url}}}
}

// raw listens, reads the head of each request and answers the bytes.
func raw(t testing.TB, bytes string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			answerRaw(c, bytes)
		}
	}()
	return l.Addr().String()
}

func answerRaw(c net.Conn, bytes string) {
	defer func() { _ = c.Close() }()
	if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
		write(c, bytes)
	}
}

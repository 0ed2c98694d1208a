package edge_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/stretchr/testify/require"
)

const ask = "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n"

// switching answers 101 with a pipe; the backend's end of it is sent to ends.
func switching(protocol string, ends chan<- net.Conn) pipeline.Handler {
	return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		ours, theirs := net.Pipe()
		ends <- theirs
		h := http.Header{"Upgrade": {protocol}, "Connection": {"Upgrade"}, "Sec-Websocket-Accept": {"x"}, "Keep-Alive": {"1"}}
		return &http.Response{StatusCode: 101, Header: h, Body: ours, Request: x.In}, nil
	}
}

func TestATunnelCarriesBothWays(t *testing.T) {
	t.Parallel()
	rec, ends := newRecorder(), make(chan net.Conn, 1)
	s := serve(t, switching("websocket", ends), edge.Options{Entry: rec.entry()})
	// The client does not wait for the answer before it sends.
	conn, r, resp := begin(t, s.URL, ask+"ahead")
	require.Equal(t, 101, resp.StatusCode)
	require.Equal(t, "x", resp.Header.Get("Sec-WebSocket-Accept"))
	require.Equal(t, "websocket", resp.Header.Get("Upgrade"))
	require.Empty(t, resp.Header.Get("Keep-Alive"))
	backend := <-ends
	got := make([]byte, 5)
	_, err := io.ReadFull(backend, got)
	require.NoError(t, err)
	require.Equal(t, "ahead", string(got))
	_, err = io.WriteString(backend, "hello")
	require.NoError(t, err)
	_, err = io.ReadFull(r, got)
	require.NoError(t, err)
	require.Equal(t, "hello", string(got))
	_, err = io.WriteString(conn, "more")
	require.NoError(t, err)
	_, err = io.ReadFull(backend, got[:4])
	require.NoError(t, err)
	require.NoError(t, backend.Close())
	_, err = r.ReadByte()
	require.ErrorIs(t, err, io.EOF)
	closeWrite(t, conn)
	sum := rec.next(t)
	require.Equal(t, 101, sum.Status)
	require.Equal(t, int64(9), sum.BytesIn)
	require.Equal(t, int64(5), sum.BytesOut)
}

func closeWrite(t *testing.T, w io.Writer) {
	t.Helper()
	tcp, ok := w.(*net.TCPConn)
	require.True(t, ok)
	require.NoError(t, tcp.CloseWrite())
}

func TestATunnelEndsWithItsClient(t *testing.T) {
	t.Parallel()
	rec, ends := newRecorder(), make(chan net.Conn, 1)
	s := serve(t, switching("websocket", ends), edge.Options{Entry: rec.entry()})
	conn, _, _ := begin(t, s.URL, ask)
	backend := <-ends
	closeWrite(t, conn)
	_, err := backend.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, rec.next(t).Err)
}

func TestAWebSocketIsToldWhenItsRouteRetires(t *testing.T) {
	t.Parallel()
	for name, head := range map[string][]byte{
		"in a short frame":  {0x82, 4},
		"in a medium frame": {0x82, 126, 0, 4},
		"in a long frame":   {0x82, 127, 0, 0, 0, 0, 0, 0, 0, 4},
		"in a masked frame": {0x82, 0x84, 1, 2, 3, 4},
		"after one frame":   {0x82, 1, 'x', 0x82, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec, ends, closing := newRecorder(), make(chan net.Conn, 1), make(chan struct{})
			entry := rec.entry()
			entry.Closing = closing
			s := serve(t, switching("websocket", ends), edge.Options{Entry: entry})
			conn, r, _ := begin(t, s.URL, ask)
			backend := <-ends
			// The backend is in the middle of a frame of four bytes.
			send(t, backend, append(head, 'a', 'b'))
			receive(t, r, append(head, 'a', 'b'))
			close(closing)
			receive(t, backend, []byte{0x88, 0x82, 0, 0, 0, 0, 3, 0xe9})
			// Its goodbye to the client waits for the end of the frame, and
			// nothing follows it.
			send(t, backend, []byte{'c', 'd', 0x82, 1, 'x'})
			receive(t, r, []byte{'c', 'd', 0x88, 2, 3, 0xe9})
			send(t, backend, []byte{0x82, 1, 'x'})
			closeWrite(t, conn)
			rest, err := io.ReadAll(r)
			require.NoError(t, err)
			require.Empty(t, rest)
			require.NoError(t, rec.next(t).Err)
		})
	}
}

func send(t *testing.T, w io.Writer, p []byte) {
	t.Helper()
	_, err := w.Write(p)
	require.NoError(t, err)
}

func receive(t *testing.T, r io.Reader, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	_, err := io.ReadFull(r, got)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestATunnelEndsEvenWhereNobodySaysGoodbye(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"websocket", "chat"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			rec, ends, closing := newRecorder(), make(chan net.Conn, 1), make(chan struct{})
			entry := rec.entry()
			entry.Closing = closing
			s := serve(t, switching(protocol, ends), edge.Options{Entry: entry})
			_, r, resp := begin(t, s.URL, "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: "+protocol+"\r\n\r\n")
			require.Equal(t, 101, resp.StatusCode)
			<-ends // a backend that neither reads nor writes
			close(closing)
			_, err := io.ReadAll(r)
			require.NoError(t, err)
			require.Equal(t, 101, rec.next(t).Status)
		})
	}
}

func TestAnUpgradeThatWasNotAskedForIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ raw, protocol string }{
		"not asked at all":         {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "websocket"},
		"asked for something else": {ask, "chat"},
		"asked without Connection": {"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n", "websocket"},
		"asked for two":            {"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket, chat\r\n\r\n", "websocket"},
		"asked by a POST":          {"POST / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n", "websocket"},
		"asked for h2c":            {"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n", "h2c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, switching(c.protocol, make(chan net.Conn, 1)), edge.Options{})
			_, _, resp := begin(t, s.URL, c.raw)
			require.Equal(t, 502, resp.StatusCode)
		})
	}
}

func TestAWebSocketPassesThroughATransport(t *testing.T) {
	t.Parallel()
	back := server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		for {
			kind, msg, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if c.Write(r.Context(), kind, msg) != nil {
				return
			}
		}
	}))
	rec := newRecorder()
	s := serve(t, forward(t, back.URL), edge.Options{Entry: rec.entry()})
	c, resp, err := websocket.Dial(t.Context(), s.URL+"/ws", nil)
	require.NoError(t, err)
	require.Equal(t, 101, resp.StatusCode)
	for _, msg := range []string{"one", "two"} {
		require.NoError(t, c.Write(t.Context(), websocket.MessageText, []byte(msg)))
		_, got, err := c.Read(t.Context())
		require.NoError(t, err)
		require.Equal(t, msg, string(got))
	}
	require.NoError(t, c.Close(websocket.StatusNormalClosure, "bye"))
	require.Equal(t, 101, rec.next(t).Status)
}

func TestATunnelEndsThoughItsClientReadsNothing(t *testing.T) {
	t.Parallel()
	rec, ends, closing := newRecorder(), make(chan net.Conn, 1), make(chan struct{})
	entry := rec.entry()
	entry.Closing = closing
	s := serve(t, switching("websocket", ends), edge.Options{Entry: entry})
	_, _, resp := begin(t, s.URL, ask)
	require.Equal(t, 101, resp.StatusCode)
	backend, stuck := <-ends, make(chan struct{})
	frame := append([]byte{0x82, 127, 0, 0, 0, 0, 0, 16, 0, 0}, make([]byte, 1<<20)...)
	go func() {
		for {
			if _, err := backend.Write(frame); err != nil {
				close(stuck)
				return
			}
		}
	}()
	close(closing)
	<-stuck
	require.Equal(t, 101, rec.next(t).Status)
}

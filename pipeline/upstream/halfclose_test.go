package upstream_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
)

// TestATunnelEndsOneOfItsSides has a backend that answers once it has heard the
// end of the client.
func TestATunnelEndsOneOfItsSides(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]upstream.Options{"by net/http": byNetHTTP(), "by default": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, ln.Close()) })
			go func() {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				defer c.Close()
				in := bufio.NewReader(c)
				if _, err := http.ReadRequest(in); err != nil {
					return
				}
				write(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
				heard, _ := io.ReadAll(in) // what broke is not heard
				write(c, "heard "+string(heard))
			}()
			x := upgrading(t, "websocket")
			resp, err := newUpstream(t, one("http://"+ln.Addr().String()), o).Serve(t.Context(), x)
			require.NoError(t, err)
			tunnel, ok := resp.Body.(interface {
				io.ReadWriteCloser
				CloseWrite() error
			})
			require.True(t, ok)
			write(tunnel, "bye")
			require.NoError(t, tunnel.CloseWrite())
			got, err := io.ReadAll(tunnel)
			require.NoError(t, err)
			require.Equal(t, "heard bye", string(got))
			require.NoError(t, tunnel.Close())
			require.NoError(t, x.Finish(&pipeline.Summary{}))
		})
	}
}

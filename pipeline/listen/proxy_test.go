package listen_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

const v2 = "\r\n\r\n\x00\r\nQUIT\n"

// A proxyCase is a header and the client it names; "" is one that is refused,
// "own" the peer itself.
type proxyCase struct{ name, header, client string }

func proxyCases() []proxyCase {
	four := "\xc6\x33\x64\x01\x01\x01\x01\x01\x30\x39\x00\x50"
	six := "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01" + strings.Repeat("\x02", 16) + "\x30\x39\x00\x50"
	return []proxyCase{
		{"version 1 with IPv4", "PROXY TCP4 198.51.100.1 192.0.2.2 12345 80\r\n", "198.51.100.1:12345"},
		{"version 1 with IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 12345 80\r\n", "[2001:db8::1]:12345"},
		{"version 1 of the proxy itself", "PROXY UNKNOWN\r\n", "own"},
		{"version 1 of the proxy itself with addresses", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "own"},
		{"version 2 with IPv4", v2 + "\x21\x11\x00\x0c" + four, "198.51.100.1:12345"},
		{"version 2 with IPv6", v2 + "\x21\x21\x00\x24" + six, "[2001:db8::1]:12345"},
		{"version 2 with more behind the addresses", v2 + "\x21\x11\x00\x10" + four + "\x04\x00\x01\x00", "198.51.100.1:12345"},
		{"version 2 of the proxy itself", v2 + "\x20\x00\x00\x00", "own"},
		{"version 2 of the proxy itself with addresses", v2 + "\x20\x11\x00\x0c" + four, "own"},
		{"no header", "", ""},
		{"a header in lower case", "proxy TCP4 198.51.100.1 192.0.2.2 1 80\r\n", ""},
		{"version 1 with two spaces", "PROXY TCP4  198.51.100.1 192.0.2.2 1 80\r\n", ""},
		{"version 1 with a space at the end", "PROXY TCP4 198.51.100.1 192.0.2.2 1 80 \r\n", ""},
		{"version 1 with another protocol", "PROXY UDP4 198.51.100.1 192.0.2.2 1 80\r\n", ""},
		{"version 1 with IPv6 for IPv4", "PROXY TCP4 ::1 ::1 1 80\r\n", ""},
		{"version 1 with IPv4 for IPv6", "PROXY TCP6 198.51.100.1 192.0.2.2 1 80\r\n", ""},
		{"version 1 with zeros in an address", "PROXY TCP4 198.051.100.1 192.0.2.2 1 80\r\n", ""},
		{"version 1 with a zone", "PROXY TCP6 fe80::1%eth0 fe80::2 1 80\r\n", ""},
		{"version 1 with a port too large", "PROXY TCP4 198.51.100.1 192.0.2.2 65536 80\r\n", ""},
		{"version 1 with zeros in a port", "PROXY TCP4 198.51.100.1 192.0.2.2 01 80\r\n", ""},
		{"version 1 with a sign in a port", "PROXY TCP4 198.51.100.1 192.0.2.2 +1 80\r\n", ""},
		{"version 1 without a port", "PROXY TCP4 198.51.100.1 192.0.2.2 1\r\n", ""},
		{"version 1 with LF", "PROXY TCP4 198.51.100.1 192.0.2.2 1 80\n", ""},
		{"version 1 that is too long", "PROXY UNKNOWN " + strings.Repeat("x", 107) + "\r\n", ""},
		{"version 2 of a later version", v2 + "\x31\x11\x00\x0c" + four, ""},
		{"version 2 of another command", v2 + "\x22\x11\x00\x0c" + four, ""},
		{"version 2 with datagrams", v2 + "\x21\x12\x00\x0c" + four, ""},
		{"version 2 with a Unix socket", v2 + "\x21\x31\x00\xd8" + strings.Repeat("x", 216), ""},
		{"version 2 that says no family", v2 + "\x21\x00\x00\x00", ""},
		{"version 2 with half an address", v2 + "\x21\x11\x00\x06" + four[:6], ""},
		{"version 2 that is too long", v2 + "\x21\x11\x02\x10" + four + strings.Repeat("x", 516), ""},
		{"version 2 with another signature", "\r\n\r\n\x00\r\nQUIT\r\x21\x11\x00\x0c" + four, ""},
	}
}

func remote(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RemoteAddr) }

func trusting(prefixes ...string) (out []netip.Prefix) {
	for _, p := range prefixes {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

func TestTheClientOfAProxyIsTheOneOfItsHeader(t *testing.T) {
	t.Parallel()
	server, client := secured(t, "http/1.1")
	for name, c := range map[string]listen.Config{
		"plain": {Proxy: trusting("10.0.0.0/8", "127.0.0.0/8")},
		"TLS":   {Proxy: trusting("127.0.0.1/32"), TLS: server},
	} {
		addr := serve(t, http.HandlerFunc(remote), c)
		for _, test := range proxyCases() {
			t.Run(name+", "+test.name, func(t *testing.T) {
				t.Parallel()
				conn := dial(t, addr)
				defer conn.Close()
				own := conn.LocalAddr().String()
				_, err := io.WriteString(conn, test.header)
				require.NoError(t, err)
				if c.TLS != nil {
					conn = tls.Client(conn, client)
				}
				got := exchange(conn, get)
				switch test.client {
				case "":
					require.NotContains(t, got, "200 OK")
				case "own":
					require.True(t, strings.HasSuffix(got, "\r\n\r\n"+own), got)
				default:
					require.True(t, strings.HasSuffix(got, "\r\n\r\n"+test.client), got)
				}
			})
		}
	}
}

// exchange sends a request and returns whatever comes of it.
func exchange(conn net.Conn, request string) string {
	_, _ = io.WriteString(conn, request)
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	got, _ := io.ReadAll(conn)
	return string(got)
}

func TestNobodyButADeclaredProxyMaySpeakForAClient(t *testing.T) {
	t.Parallel()
	h := &witness{}
	for i, prefixes := range [][]netip.Prefix{nil, trusting("192.0.2.0/24", "::1/128")} {
		addr := serve(t, h, listen.Config{Proxy: prefixes})
		for _, c := range proxyCases() {
			if c.header != "" {
				require.Equal(t, []int{http.StatusBadRequest}, send(t, dial(t, addr), c.header+get), fmt.Sprint(i, c.name))
			}
		}
		require.Equal(t, []int{http.StatusOK}, send(t, dial(t, addr), get))
	}
	require.Len(t, h.saw(), 2)
}

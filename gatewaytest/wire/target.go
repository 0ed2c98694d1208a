package wire

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"
)

// A Target is a gateway under test.
type Target struct {
	// Addr is where it listens, host and port.
	Addr string
	// HTTP2 is where it speaks HTTP/2, which may be Addr: by TLS, asked for by
	// ALPN, or without it to clients that begin with it. Where it is empty, cases
	// of HTTP/2 are skipped.
	HTTP2 string
	// TLS is what clients use for both; nil means that there is none.
	TLS *tls.Config
	// Patience bounds how long a case waits for what does not come; 10 s where
	// it is 0.
	Patience time.Duration
}

func (t Target) patience() time.Duration {
	if t.Patience > 0 {
		return t.Patience
	}
	return 10 * time.Second
}

// dial connects for a protocol as ALPN names it.
func (t Target) dial(protocol string) (net.Conn, error) {
	d, addr := &net.Dialer{Timeout: t.patience()}, t.Addr
	if protocol == "h2" {
		addr = t.HTTP2
	}
	if t.TLS == nil {
		return d.Dial("tcp", addr)
	}
	config := t.TLS.Clone()
	config.NextProtos = []string{protocol}
	conn, err := tls.DialWithDialer(d, "tcp", addr, config)
	if err != nil {
		return nil, err
	}
	if got := conn.ConnectionState().NegotiatedProtocol; got != protocol && (got != "" || !strings.HasPrefix(protocol, "http/")) {
		_ = conn.Close()
		return nil, fmt.Errorf("the target speaks %q, not %s", got, protocol)
	}
	return conn, nil
}

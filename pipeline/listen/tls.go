package listen

import (
	"crypto/tls"
	"slices"
)

// aead are the suites of TLS 1.2 that are spoken; those of TLS 1.3 all are.
func aead() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
}

// strict holds a configuration to TLS 1.2 with AEAD suites, and offers HTTP/2.
// The one that it chooses for a client is held to the same.
func strict(given *tls.Config) *tls.Config {
	c := given.Clone()
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	c.Renegotiation = tls.RenegotiateNever
	suites := aead()
	if chosen := slices.DeleteFunc(slices.Clone(c.CipherSuites), func(id uint16) bool { return !slices.Contains(suites, id) }); len(chosen) > 0 {
		suites = chosen
	}
	c.CipherSuites = suites
	if len(c.NextProtos) == 0 {
		c.NextProtos = []string{"h2", "http/1.1"}
	}
	if choose := c.GetConfigForClient; choose != nil {
		c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			chosen, err := choose(hello)
			if chosen == nil || err != nil {
				return nil, err
			}
			return strict(chosen), nil
		}
	}
	return c
}

// A tlsConn is a guarded connection over TLS; that it can tell the state is
// how net/http fills Request.TLS.
type tlsConn struct {
	*Conn
	state tls.ConnectionState
}

// ConnectionState returns what the handshake agreed on.
func (c *tlsConn) ConnectionState() tls.ConnectionState { return c.state }

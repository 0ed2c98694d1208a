package listen

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// Config is how a Server treats its connections. Its zero value serves without
// TLS, with the default limits.
type Config struct {
	Limits

	// TLS has TLS spoken: 1.2 with AEAD suites, or 1.3. HTTP/2 is offered unless
	// NextProtos says otherwise. Where it has a GetConfigForClient, a request is
	// held to the host that its connection was made for.
	TLS *tls.Config
	// MaxStreams bounds the streams of a connection of HTTP/2. Default 100.
	MaxStreams int
	// MaxConnections bounds the connections of the listener that are open at a
	// time, tunnels among them. Those beyond are closed at once. Default 16,384;
	// negative: no bound.
	MaxConnections int
	// MaxConnectionsPerAddress bounds those of one client: an address of IPv4, a
	// /64 of IPv6; of a declared proxy, the client that it names. Default a
	// quarter of MaxConnections, 4,096 where that has no bound; negative: no bound.
	MaxConnectionsPerAddress int
	// HSTS is how long browsers are told to come by TLS only, on answers by TLS.
	// Default one year; negative: nothing is said.
	HSTS time.Duration
	// Proxy holds the peers that are proxies. Their connections have to begin
	// with a header of the PROXY protocol, version 1 or 2; those of nobody else
	// may.
	Proxy []netip.Prefix
	// Log gets, at the level Debug, what was refused. Default: nothing is logged.
	Log *slog.Logger
	// Refused is told of each refusal that no handler sees, with its code, on the
	// goroutine of the connection: for metrics. It may be nil.
	Refused func(remote net.Addr, code string)
}

func (c Config) withDefaults() Config {
	c.Limits = c.Limits.withDefaults()
	c.MaxStreams = orDefault(c.MaxStreams, 100)
	c.MaxConnections = orDefault(c.MaxConnections, maxConnections)
	if c.MaxConnections > 0 {
		c.MaxConnectionsPerAddress = orDefault(c.MaxConnectionsPerAddress, max(c.MaxConnections/4, 1))
	}
	c.MaxConnectionsPerAddress = orDefault(c.MaxConnectionsPerAddress, maxConnectionsPerAddress)
	c.HSTS = orDefault(c.HSTS, 365*24*time.Hour)
	c.Log = orDefault(c.Log, slog.New(slog.DiscardHandler))
	if c.TLS != nil {
		c.TLS = strict(c.TLS)
	}
	return c
}

func (c *Config) declared(peer net.Addr) bool {
	if len(c.Proxy) == 0 {
		return false
	}
	from, err := netip.ParseAddrPort(peer.String())
	if err != nil {
		return false
	}
	for _, p := range c.Proxy {
		if p.Contains(from.Addr().Unmap().WithZone("")) {
			return true
		}
	}
	return false
}

func (c *Config) tell(remote net.Addr, code string, why error) {
	c.Log.Debug("connection refused", "remote", remote.String(), "code", code, "error", why)
	if c.Refused != nil {
		c.Refused(remote, code)
	}
}

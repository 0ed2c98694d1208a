package upstream

import (
	"cmp"
	"net"
	"net/url"

	"github.com/seed-f9645bd3/gateway/pipeline/upstream/internal/h1"
	"github.com/seed-f9645bd3/gateway/registry"
)

// speaksDirect reports whether our own client speaks with the endpoint at
// address. It does where HTTP/1.1 is certain: HTTP/2 is the matter of
// net/http, and so is a host whose name has yet to be made ASCII.
func speaksDirect(c registry.Connections, address *url.URL) bool {
	if c.Client == clientNetHTTP || address.Scheme == "https" && c.HTTP2 != "off" {
		return false
	}
	for i := range len(address.Host) {
		if address.Host[i] >= 0x80 {
			return false
		}
	}
	return true
}

// newPool returns the pool of our own client for one endpoint.
func (u *Upstream) newPool(address *url.URL) *h1.Pool {
	c, t := u.config.Connections, u.config.Timeouts
	s := h1.Settings{
		Address: net.JoinHostPort(address.Hostname(), portOf(address)),
		Max:     or(c.MaxPerEndpoint, defaultMaxPerEndpoint), MaxIdle: or(c.IdlePerEndpoint, defaultIdlePerEndpoint),
		Idle: c.Idle.Or(defaultIdle), MaxAge: c.MaxAge.Or(0), KeepAlive: keepAlive,
		Dial: t.Dial.Or(defaultDial), Handshake: t.TLSHandshake.Or(defaultTLSHandshake),
		Patience: u.patience, Stall: u.responseHead,
	}
	if address.Scheme == "https" {
		s.TLS = u.tls.Clone()
		s.TLS.NextProtos = []string{"http/1.1"}
		s.TLS.ServerName = cmp.Or(s.TLS.ServerName, address.Hostname())
	}
	return h1.NewPool(s, u.sweeper)
}

// portOf returns the port of an endpoint.
func portOf(address *url.URL) string {
	return cmp.Or(address.Port(), map[string]string{"http": "80", "https": "443"}[address.Scheme])
}

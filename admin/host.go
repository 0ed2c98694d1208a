package admin

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// accepts keeps web pages from reaching the API by a name of their own that
// they let resolve to it (DNS rebinding): such a request bears the page's name
// as Host. Addresses and localhost pass, since no page can own them, and so do
// the configured names; any name passes where none is configured and the
// listener is known not to be on loopback.
func (s *server) accepts(r *http.Request) bool {
	host := hostname(r.Host)
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() == ""
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || s.hosts[host] {
		return true
	}
	return host != "" && len(s.hosts) == 0 && !onLoopback(r)
}

// hostname returns the host of a Host field, in lower case, without port,
// brackets and trailing dot; empty where the port is none.
func hostname(host string) string {
	if h, port, err := net.SplitHostPort(host); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return ""
		}
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// onLoopback reports whether the request came in by a loopback address. What
// is not known counts as such.
func onLoopback(r *http.Request) bool {
	tcp, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}

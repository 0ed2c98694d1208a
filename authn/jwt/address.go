package jwt

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"syscall"
)

// An addressPolicy says which addresses a host may resolve to.
type addressPolicy struct {
	private  bool // any
	loopback bool // the URL names this machine: nothing else, then
}

func policyOf(c Config) addressPolicy {
	u, err := url.Parse(c.JWKSURL)
	return addressPolicy{private: c.AllowPrivate, loopback: err == nil && isLoopback(u.Hostname())}
}

// dialer returns a dialer that looks at each address after it was resolved: a
// name that is looked at before may resolve to another address then.
func (p addressPolicy) dialer() *net.Dialer {
	return &net.Dialer{
		Timeout: maxDownload,
		Control: func(_, address string, _ syscall.RawConn) error { return p.check(address) },
	}
}

func (p addressPolicy) check(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !p.admits(to.Addr().Unmap()) {
		return fmt.Errorf("the address %s is not public", to.Addr())
	}
	return nil
}

func (p addressPolicy) admits(addr netip.Addr) bool {
	switch {
	case p.loopback:
		return addr.IsLoopback()
	case p.private:
		return !addr.IsUnspecified() && !addr.IsMulticast()
	}
	return isPublic(addr)
}

func isPublic(addr netip.Addr) bool {
	if !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() {
		return false
	}
	for _, special := range notPublic {
		if special.Contains(addr) {
			return false
		}
	}
	return true
}

// notPublic are those special-purpose ranges (RFC 6890 and its registry) that
// package netip does not know, and those that carry an IPv4 address within.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // shared by carriers
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"),        // IPv4-compatible
	netip.MustParsePrefix("64:ff9b::/96"), // NAT64
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2001::/23"), // Teredo and others
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4
	netip.MustParsePrefix("fec0::/10"), // site-local
}
